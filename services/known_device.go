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

// maxKnownAccounts is how many people may share a browser before it forgets who logged in first.
const maxKnownAccounts = 5

// knownDevices signs the cookie by which a browser shows that somebody has logged in there before. The attempts of such
// a browser count for it alone, so nobody else's failures lock its people out. A mark names the account and its login
// version: changing the password, or logging out other devices, makes the marks of every other browser worthless.
type knownDevices struct{ secret []byte }

// id names the browser to user's throttle. It is empty unless the cookie has a valid mark of that user.
func (k knownDevices) id(cookie string, user models.User) string {
	for _, mark := range knownMarks(cookie) {
		if id, ok := k.open(mark, user); ok {
			return id
		}
	}
	return ""
}

// remember returns the cookie with a mark of user in front. The browser keeps its id, and the marks of others.
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

// knownMarks splits a cookie, which may be anything a client likes to send.
func knownMarks(cookie string) []string {
	return strings.SplitN(cookie, "~", maxKnownAccounts+1)
}

func (k knownDevices) mark(user models.User, id string) string {
	text := user.ID + "." + strconv.Itoa(user.LoginVersion) + "." + id
	return text + "." + k.signature(text)
}

// open returns the id in a mark of user.
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
