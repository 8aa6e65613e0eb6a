package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// serverURL parses the URL of a server that may contain a password. Its error names the wrong part and never repeats
// the value: if a character of a password is not encoded, any part of the URL may be a piece of the password.
func serverURL(text, example string, schemes ...string) (*url.URL, error) {
	scheme, rest, found := strings.Cut(text, "://")
	switch {
	case !found:
		return nil, fmt.Errorf("must be a URL like %s", example)
	case !slices.Contains(schemes, scheme):
		return nil, fmt.Errorf("the scheme must be %s", strings.Join(schemes, " or "))
	}
	user, host := "", rest
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		user, host = rest[:i], rest[i+1:]
	}
	if strings.ContainsAny(user, "/?#[]\\^`{|}<>\"") || strings.ContainsFunc(user, notURL) {
		return nil, errors.New("the user name or password has a character that must be written as its code: " +
			"/ as %2F, ? as %3F, # as %23, @ as %40, : as %3A, % as %25, a space as %20")
	}
	switch {
	case strings.ContainsFunc(host, notURL):
		return nil, errors.New("must not have spaces, control characters or letters beyond ASCII")
	case strings.Contains(host, "#"):
		return nil, errors.New("must not have a #; in a password write it as %23")
	case badEscape(rest):
		return nil, errors.New("a % must be followed by two hexadecimal digits; in a password write it as %25")
	}
	authority, _, _ := strings.Cut(host, "/")
	authority, _, _ = strings.Cut(authority, "?")
	if err := checkHosts(authority); err != nil {
		return nil, err
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("must be a URL like %s", example)
	}
	return u, nil
}

// notURL reports whether a character is not allowed anywhere in a URL.
func notURL(r rune) bool { return r <= ' ' || r == 0x7f || r > 0x7e }

func badEscape(text string) bool {
	for i := strings.IndexByte(text, '%'); i >= 0; i = strings.IndexByte(text, '%') {
		if len(text) < i+3 {
			return true
		}
		if _, err := strconv.ParseUint(text[i+1:i+3], 16, 8); err != nil {
			return true
		}
		text = text[i+3:]
	}
	return false
}

// checkHosts checks the hosts of a URL, which are separated by commas and may have ports.
func checkHosts(authority string) error {
	for host := range strings.SplitSeq(authority, ",") {
		port, hasPort := "", false
		if inside, found := strings.CutPrefix(host, "["); found {
			address, after, closed := strings.Cut(inside, "]")
			if !closed || !strings.Contains(address, ":") || after != "" && after[0] != ':' {
				return errors.New("the host is not a valid IPv6 address in brackets")
			}
			port, hasPort = strings.CutPrefix(after, ":")
		} else {
			_, port, hasPort = strings.Cut(host, ":")
		}
		if n, err := strconv.ParseUint(port, 10, 16); hasPort && (err != nil || n == 0) {
			return errors.New("the port must be a number from 1 to 65535; if this is a password, end it with @")
		}
	}
	return nil
}
