package main

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var csrfToken = regexp.MustCompile(`<meta name="csrf-token" content="([^"]+)"`)

// login logs an agent in through the login page and returns the headers that authenticate a socket as that agent.
func login(base, email, password string) (http.Header, error) {
	if email == "" || password == "" {
		return nil, errors.New("set -email and -password to the login of an agent")
	}
	page, cookies, err := loginPage(base)
	if err != nil {
		return nil, err
	}
	token := csrfToken.FindSubmatch(page)
	if token == nil {
		return nil, errors.New("login: the page has no CSRF token")
	}
	form := url.Values{"email": {email}, "password": {password}, "csrf_token": {html.UnescapeString(string(token[1]))}}
	request, err := http.NewRequest(http.MethodPost, base+"/auth/login", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", base)
	for _, cookie := range cookies {
		request.AddCookie(cookie)
	}
	// RoundTrip does not follow the redirect, which carries the cookie.
	response, err := web.Transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	for _, cookie := range response.Cookies() {
		if cookie.Name == "session" && response.StatusCode == http.StatusSeeOther {
			return http.Header{"Cookie": {cookie.Name + "=" + cookie.Value}, "Origin": {base}}, nil
		}
	}
	return nil, fmt.Errorf("login: HTTP %d without a new session", response.StatusCode)
}

func loginPage(base string) ([]byte, []*http.Cookie, error) {
	response, err := web.Get(base + "/auth/login")
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	return page, response.Cookies(), err
}
