package realtime

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestRequest_boundsWhatASocketKeeps(t *testing.T) {
	long := Request{
		WebSessionToken: strings.Repeat("t", 16_000),
		UserAgent:       "x" + strings.Repeat("ü", 8_000),
	}.Bounded()
	if long.WebSessionToken != "" {
		t.Errorf("kept a token of %d bytes", len(long.WebSessionToken))
	}
	if n := len(long.UserAgent); n > maxUserAgent || !utf8.ValidString(long.UserAgent) {
		t.Errorf("kept a user agent of %d bytes, valid: %t", n, utf8.ValidString(long.UserAgent))
	}
	short := Request{
		WebSessionToken: "token",
		UserAgent:       "Mozilla/5.0",
		Address:         "192.0.2.1",
	}
	if short.Bounded() != short {
		t.Errorf("%+v", short.Bounded())
	}
}
