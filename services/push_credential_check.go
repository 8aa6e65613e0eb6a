package services

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"regexp"
	"strings"
)

const maxPushSecret = 16 * 1024 // bytes: a service account has some 2,400

var (
	senderID  = regexp.MustCompile(`^[0-9]{1,20}$`)
	serverKey = regexp.MustCompile(`^[A-Za-z0-9_:-]{20,512}$`)
	projectID = regexp.MustCompile(`^[a-z0-9.:-]{1,100}$`)
	appleID   = regexp.MustCompile(`^[A-Z0-9]{10}$`)
	bundleID  = regexp.MustCompile(`^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
)

// The checks of each kind return what to show and what to seal, both trimmed. An empty secret passes them.

func checkFCMLegacy(key, sender string) (settings PushSettings, secret string, err error) {
	key, sender = strings.TrimSpace(key), strings.TrimSpace(sender)
	switch {
	case key != "" && !serverKey.MatchString(key):
		return settings, "", refuseField("server_key",
			"This is not a server key. It is in the Firebase console under Cloud Messaging.")
	case !senderID.MatchString(sender):
		return settings, "", refuseField("sender_id", "The sender ID is a number, like 123456789012.")
	}
	return PushSettings{SenderID: sender}, key, nil
}

func checkServiceAccount(document string) (settings PushSettings, secret string, err error) {
	refuse := func(message string) (PushSettings, string, error) {
		return PushSettings{}, "", refuseField("service_account", "%s", message)
	}
	if document = strings.TrimSpace(document); document == "" {
		return settings, "", nil
	}
	var account struct {
		Type        string `json:"type"`
		ProjectID   string `json:"project_id"`
		ClientEmail string `json:"client_email"`
		PrivateKey  string `json:"private_key"`
		TokenURI    string `json:"token_uri"`
	}
	if len(document) > maxPushSecret || !storable(document) || json.Unmarshal([]byte(document), &account) != nil {
		return refuse("This is not the JSON file of a service account.")
	}
	switch key, problem := privateKey(account.PrivateKey); {
	case account.Type != "service_account":
		return refuse(`The file is of another kind: its type must be "service_account".`)
	case !projectID.MatchString(account.ProjectID):
		return refuse("The file has no project_id.")
	case !validEmail(account.ClientEmail):
		return refuse("The file has no client_email.")
	case !ofGoogle(account.TokenURI):
		return refuse("The file's token_uri must be an https address of Google.")
	case problem != "":
		return refuse("The file's private_key cannot be read: " + problem)
	default:
		if _, ok := key.(*rsa.PrivateKey); !ok {
			return refuse("The file's private_key is no RSA key.")
		}
	}
	return PushSettings{
		ProjectID:   account.ProjectID,
		ClientEmail: account.ClientEmail,
	}, document, nil
}

// ofGoogle keeps the server from being sent to other hosts: it asks token_uri for access, with a signature.
func ofGoogle(address string) bool {
	u, err := url.Parse(address)
	return err == nil && validURL(address) && u.Scheme == "https" && u.Port() == "" &&
		(u.Host == "accounts.google.com" || strings.HasSuffix(u.Host, ".googleapis.com"))
}

func checkAPNs(given APNs) (settings PushSettings, secret string, err error) {
	settings = PushSettings{
		TeamID:      strings.ToUpper(strings.TrimSpace(given.TeamID)),
		KeyID:       strings.ToUpper(strings.TrimSpace(given.KeyID)),
		BundleID:    strings.TrimSpace(given.BundleID),
		Environment: given.Environment,
	}
	secret = strings.TrimSpace(given.PrivateKey)
	switch {
	case !appleID.MatchString(settings.TeamID):
		return settings, "", refuseField("team_id", "The team ID has 10 letters and digits.")
	case len(settings.BundleID) > 155 || !bundleID.MatchString(settings.BundleID):
		return settings, "", refuseField("bundle_id", "The bundle ID looks like com.example.app.")
	case !appleID.MatchString(settings.KeyID):
		return settings, "", refuseField("key_id", "The key ID has 10 letters and digits.")
	case settings.Environment != "sandbox" && settings.Environment != "production":
		return settings, "", refuseField("environment", "The environment must be sandbox or production.")
	case secret == "":
		return settings, "", nil
	}
	key, problem := privateKey(secret)
	if problem != "" {
		return settings, "", refuseField("private_key", "The key cannot be read: %s", problem)
	}
	if key, ok := key.(*ecdsa.PrivateKey); !ok || key.Curve != elliptic.P256() {
		return settings, "", refuseField("private_key",
			"This is not a key of APNs: those are EC keys on the curve P-256.")
	}
	return settings, secret, nil
}

// privateKey reads one PKCS#8 key in PEM, and says what is wrong without a word of it.
func privateKey(text string) (key any, problem string) {
	block, rest := pem.Decode([]byte(text))
	switch {
	case len(text) > maxPushSecret || block == nil:
		return nil, "it must begin with -----BEGIN PRIVATE KEY-----."
	case block.Type != "PRIVATE KEY":
		return nil, "it must be a PKCS#8 private key that no password protects."
	case strings.TrimSpace(string(rest)) != "":
		return nil, "something follows the key."
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, "it is damaged."
	}
	return key, ""
}
