package services

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// CSRFToken is the token that forms of the page shown with this cookie must carry: a signature of the cookie, so
// nothing is stored, and it changes with the session.
func (s *WebSessions) CSRFToken(cookie string) string {
	mac := hmac.New(sha256.New, s.csrfKey)
	mac.Write([]byte("csrf:" + cookie))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ValidCSRF reports whether token is the cookie's.
func (s *WebSessions) ValidCSRF(cookie, token string) bool {
	return cookie != "" && hmac.Equal([]byte(token), []byte(s.CSRFToken(cookie)))
}
