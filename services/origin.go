package services

import (
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

const maxOrigins = 50

// LineError is the reason why a line of a form is wrong. Lines count from 1.
type LineError struct {
	Line   int
	Text   string // cut
	Reason string
}

// hostNames maps a host name as browsers do before they send it. Names with an underscore are refused, because browsers
// do not match them in frame-ancestors.
var (
	hostNames = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true),
		idna.Transitional(false), idna.CheckHyphens(false))
	hostName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*$`)
	numeric  = regexp.MustCompile(`^(0x[0-9a-f]*|[0-9]+)$`)
)

// ParseOrigins reads a list of origins, one a line, into the form that browsers send: scheme, host, and a port that is
// not the scheme's own. Blank lines and repeats are dropped. Wrong lines are listed in wrong; the other origins are
// returned nevertheless.
func ParseOrigins(lines string) (origins []string, wrong []LineError) {
	origins = []string{}
	n := 0
	for text := range strings.SplitSeq(lines, "\n") {
		n++
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		origin, reason := parseOrigin(text)
		if reason == "" && slices.Contains(origins, origin) {
			continue
		}
		if reason == "" && len(origins) == maxOrigins {
			reason = fmt.Sprintf("A list has at most %d origins.", maxOrigins)
		}
		if reason == "" {
			origins = append(origins, origin)
			continue
		}
		if wrong = append(wrong, LineError{
			Line:   n,
			Text:   oneLine(text, 100),
			Reason: reason,
		}); len(wrong) == maxOrigins {
			break // enough to show
		}
	}
	return origins, wrong
}

func parseOrigin(text string) (origin, reason string) {
	if !plainLine(text) {
		return "", "The line contains control characters. Type it again."
	}
	if strings.Contains(text, "*") {
		return "", "Wildcards are not allowed, because they would also allow subdomains that somebody else " +
			"controls. List each origin."
	}
	scheme, rest, found := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	if !found || (scheme != "https" && scheme != "http") {
		return "", "An origin begins with https:// or http://, like https://shop.example."
	}
	if strings.ContainsAny(strings.TrimSuffix(rest, "/"), `/?#\`) {
		return "", "An origin has no path. Remove everything after the host or port."
	}
	if strings.Contains(rest, "@") {
		return "", "An origin has no user name or password. Remove everything before the @."
	}
	u, err := url.Parse(scheme + "://" + strings.TrimSuffix(rest, "/"))
	if err != nil || u.Hostname() == "" {
		return "", "This is not an origin. It looks like https://shop.example or http://localhost:3000."
	}
	host, reason := parseHost(u.Hostname())
	if reason != "" {
		return "", reason
	}
	if u.Port() == "" {
		return scheme + "://" + host, ""
	}
	if !validPort(u.Port()) {
		return "", "The port must be a number from 1 to 65535."
	}
	// In the form that browsers' headers are compared in.
	return OriginOf(fmt.Sprintf("%s://%s:%s", scheme, host, strings.TrimLeft(u.Port(), "0"))), ""
}

func validPort(text string) bool {
	port, err := strconv.Atoi(text)
	return err == nil && port >= 1 && port <= 65535
}

func parseHost(text string) (host, reason string) {
	if strings.Contains(text, ":") {
		return "", "Browsers do not support IPv6 addresses here. Use the host name."
	}
	host, err := hostNames.ToASCII(text)
	if again, againErr := hostNames.ToASCII(host); err != nil || againErr != nil || again != host ||
		!hostName.MatchString(host) {
		return "", "The host is not a valid name." // some letters map to names that a later check refuses
	}
	last := host[strings.LastIndex(host, ".")+1:]
	// Browsers read such a host as an address.
	if _, err := netip.ParseAddr(host); err != nil && numeric.MatchString(last) {
		return "", "The host is not a valid address."
	}
	return host, ""
}

// OriginOf returns the origin of a URL or Origin header in the form of allow-lists: scheme, host in lower case, and the
// port if it is not the scheme's own. It is empty for anything without an origin.
func OriginOf(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	host := strings.ToLower(u.Host)
	if (u.Scheme == "https" && u.Port() == "443") || (u.Scheme == "http" && u.Port() == "80") {
		host = strings.TrimSuffix(host, ":"+u.Port())
	}
	return u.Scheme + "://" + host
}
