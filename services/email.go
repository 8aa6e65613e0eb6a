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

// maxEmail is the longest address, in bytes. Longer text is not worth normalizing.
const maxEmail = 254

// normalEmail is the form in which an address is stored and compared: without spaces around it, in lower case, in one
// Unicode form, and with the domain's letters where it came in Punycode.
func normalEmail(email string) string {
	if len(email) > 4*maxEmail {
		return email
	}
	email = norm.NFKC.String(strings.ToLower(norm.NFKC.String(strings.TrimSpace(email))))
	local, domain, found := strings.Cut(email, "@")
	if unicode, err := idna.Punycode.ToUnicode(domain); found && err == nil {
		return local + "@" + norm.NFKC.String(unicode)
	}
	return email
}

// emailForms are the forms under which an address may be stored: addresses were once stored as they came, in lower
// case.
func emailForms(email string) []string {
	normal := normalEmail(email)
	forms := []string{normal, strings.ToLower(strings.TrimSpace(email)), norm.NFD.String(normal)}
	if local, domain, found := strings.Cut(normal, "@"); found {
		if ascii, err := idna.Punycode.ToASCII(domain); err == nil {
			forms = append(forms, local+"@"+ascii)
		}
	}
	return slices.DeleteFunc(forms, func(form string) bool { return !storable(form) })
}

// usersByEmail narrows a query to the user with an address; at most one has it.
func usersByEmail(tx *gorm.DB, email string) *gorm.DB {
	return tx.Where("email IN ?", emailForms(email)).Order("created_at").Limit(1)
}

// userByEmail finds the user with an address, disabled ones too.
func userByEmail(tx *gorm.DB, email string) (user models.User, found bool, err error) {
	var users []models.User
	if err := usersByEmail(tx, email).Find(&users).Error; err != nil || len(users) == 0 {
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
