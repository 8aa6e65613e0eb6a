package services

import (
	"net/mail"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
	"gorm.io/gorm"

	"parley/models"
)

// maxEmail is the longest address, in bytes.
const maxEmail = 254

// normalEmail returns the form in which an address is stored and compared: without spaces around it, in lower case, in
// one Unicode form, and with a Punycode domain decoded.
func normalEmail(email string) string {
	if len(email) > 4*maxEmail { // longer text costs time to normalize, and is no address
		return email
	}
	email = norm.NFKC.String(strings.ToLower(norm.NFKC.String(strings.TrimSpace(email))))
	local, domain, found := strings.Cut(email, "@")
	if unicode, err := idna.Punycode.ToUnicode(domain); found && err == nil {
		return local + "@" + norm.NFKC.String(unicode)
	}
	return email
}

// emailForms returns the forms in which an address may be stored: older ones are only in lower case, not normalized.
func emailForms(email string) []string {
	if len(email) > 4*maxEmail {
		return nil
	}
	normal := normalEmail(email)
	forms := []string{normal, strings.ToLower(strings.TrimSpace(email)), norm.NFD.String(normal)}
	if local, domain, found := strings.Cut(normal, "@"); found {
		if ascii, err := idna.Punycode.ToASCII(domain); err == nil {
			forms = append(forms, local+"@"+ascii)
		}
	}
	return slices.DeleteFunc(forms, func(form string) bool { return !storable(form) })
}

// userByEmail finds the user with an address, disabled ones too.
func userByEmail(tx *gorm.DB, email string) (user models.User, found bool, err error) {
	var users []models.User
	err = tx.Where("email IN ?", emailForms(email)).Order("created_at").Limit(1).Find(&users).Error
	if err != nil || len(users) == 0 {
		return models.User{}, false, err
	}
	return users[0], true, nil
}

// cleanEmail checks an address and returns it in the form in which it is stored. Error: Invalid.
func cleanEmail(email string) (string, error) {
	email = normalEmail(email)
	if !validEmail(email) {
		return "", refuseField("email", "Enter an email address like name@example.com.")
	}
	return email, nil
}

func validEmail(email string) bool {
	address, err := mail.ParseAddress(email)
	return err == nil && address.Address == email && plainLine(email) && len(email) <= maxEmail
}
