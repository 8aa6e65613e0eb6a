package services

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"

	"parley/models"
)

// maxKnownAccounts is how many accounts a browser is known to. A further one replaces the oldest.
const maxKnownAccounts = 5

// knownDevices signs the cookie that proves that a user has logged in with a browser before. Attempts from such a
// browser count for it alone, so an attacker's failures do not lock the user out there. The cookie has a mark for each
// account, with the login version: changing the password or logging out other devices ends the marks in other browsers.
type knownDevices struct{ secret []byte }

// id returns the id of a browser that user has logged in with, or "".
func (k knownDevices) id(cookie string, user models.User) string {
	for _, mark := range knownMarks(cookie) {
		if id, ok := k.open(mark, user); ok {
			return id
		}
	}
	return ""
}

// remember returns the cookie with a mark of user in front. The browser keeps its id and the marks of other accounts.
func (k knownDevices) remember(cookie string, user models.User) string {
	id := k.id(cookie, user)
	if id == "" {
		id = rand.Text()
	}
	marks := []string{k.mark(user, id)}
	for _, mark := range knownMarks(cookie) {
		if k.signed(mark) && !strings.HasPrefix(mark, user.ID+".") && len(marks) < maxKnownAccounts {
			marks = append(marks, mark)
		}
	}
	return strings.Join(marks, "~")
}

// knownMarks splits a cookie. It may hold anything: clients send what they like.
func knownMarks(cookie string) []string {
	return strings.SplitN(cookie, "~", maxKnownAccounts+1)
}

func (k knownDevices) mark(user models.User, id string) string {
	text := user.ID + "." + strconv.Itoa(user.LoginVersion) + "." + id
	return text + "." + k.signature(text)
}

// open returns the id of the browser if mark is a valid mark of user.
func (k knownDevices) open(mark string, user models.User) (id string, ok bool) {
	parts := strings.Split(mark, ".")
	if len(parts) != 4 || !hmac.Equal([]byte(mark), []byte(k.mark(user, parts[2]))) {
		return "", false
	}
	return parts[2], true
}

func (k knownDevices) signed(mark string) bool {
	end := strings.LastIndexByte(mark, '.')
	return end > 0 && hmac.Equal([]byte(mark[end+1:]), []byte(k.signature(mark[:end])))
}

func (k knownDevices) signature(text string) string {
	mac := hmac.New(sha256.New, k.secret)
	mac.Write([]byte("known device:" + text))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
