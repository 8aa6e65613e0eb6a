package main

import (
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Requests that each cost the server work.
var requestAttacks = []attack{
	{
		name:  "widget",
		about: "20 clients that open the widget as often as they can",
		run:   widgetOpenings,
	},
	{
		name:  "files",
		about: "200 clients that ask for the largest file, compressed, as often as they can",
		run:   largeFiles,
	},
	{
		name:  "documents",
		about: "200 clients that ask for `/openapi.json` as often as they can",
		run:   largeDocuments,
	},
	{
		name:  "long-histories",
		about: "16 readers of a conversation of 200 messages that are as long as can be, among them an agent's",
		run:   longHistories,
	},
	{
		name:  "logins",
		about: "20 clients that guess passwords as often as they can",
		run:   loginGuesses,
	},
}

// again lets n clients send requests, one after the other, for the attack's time.
func (t *target) again(n int, send func(client, i int) string) error {
	until := time.Now().Add(held)
	return parallel(n, n, func(client int) error {
		for i := 0; time.Now().Before(until); i++ {
			conn, err := t.dial()
			if err != nil {
				return err
			}
			if _, err = io.WriteString(conn, send(client, i)); err == nil {
				_, err = io.Copy(io.Discard, conn)
			}
			conn.Close()
			if err := refusedIsFine(err); err != nil {
				return err
			}
		}
		return nil
	})
}

func getRequest(path, header string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + header + "\r\n"
}

func widgetOpenings(t *target) error {
	return t.again(20, func(client, i int) string {
		return getRequest("/chat-widget?embed_token="+t.token+"&session_id="+fmt.Sprintf("attack-%d-%d", client, i), "")
	})
}

func largeFiles(t *target) error {
	encodings := []string{"gzip", "br", "deflate", "zstd"}
	return t.again(200, func(client, i int) string {
		return getRequest("/static/app/app.build.css", "Accept-Encoding: "+encodings[client%len(encodings)]+"\r\n")
	})
}

func largeDocuments(t *target) error {
	return t.again(200, func(int, int) string { return getRequest("/openapi.json", "Accept-Encoding: br\r\n") })
}

func loginGuesses(t *target) error {
	cookie, csrf, err := t.formToken()
	if err != nil {
		return err
	}
	return t.again(20, func(client, i int) string {
		email := fmt.Sprintf("guess-%d-%d@example.com", client, i)
		form := url.Values{"csrf_token": {csrf}, "email": {email}, "password": {"a guess of ten"}}
		body := form.Encode()
		return fmt.Sprintf("POST /auth/login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+
			"Cookie: session=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", cookie, formType, len(body), body)
	})
}

// formToken is the cookie and the CSRF token of a login page.
func (t *target) formToken() (cookie, token string, err error) {
	page, cookies, err := loginPage(t.base)
	if err != nil {
		return "", "", err
	}
	found := csrfToken.FindSubmatch(page)
	if found == nil || len(cookies) == 0 {
		return "", "", errors.New("the login page has no CSRF token")
	}
	return cookies[0].Value, html.UnescapeString(string(found[1])), nil
}

func longHistories(t *target) error {
	agent, err := login(t.base, t.email, t.password)
	if err != nil {
		return err
	}
	c, err := openWidget(t.base, t.token, "long")
	if err == nil {
		err = t.fill(c, agent)
	}
	if err != nil {
		return err
	}
	cookie := "Cookie: " + agent.Get("Cookie") + "\r\n"
	readers := []string{
		getRequest("/chat-widget/history/"+c.ID+"?external_id=long", ""),
		getRequest("/chat-widget/history/"+c.ID+"?external_id=long", "Accept-Encoding: br\r\n"),
		getRequest("/api/conversations/"+c.ID+"/messages?limit=200", cookie),
		getRequest("/inbox/"+c.ID+"?limit=200", cookie+"Accept-Encoding: br\r\n"),
	}
	return t.again(16, func(client, _ int) string { return readers[client%len(readers)] })
}

// fill lets the end user open a session in which the agent, who has no limit, writes at length.
func (t *target) fill(c conversation, agent http.Header) error {
	message := func(sender, externalID, content string) map[string]string {
		return map[string]string{
			"conversation_id": c.ID,
			"sender_type":     sender,
			"external_id":     externalID,
			"content":         content,
		}
	}
	endUser, err := connect(t.base, false, nil, nil)
	if err != nil {
		return err
	}
	defer endUser.cut()
	if _, err := endUser.call("send_message", message("end_user", c.ExternalID, "Hello")); err != nil {
		return err
	}
	writer, err := connect(t.base, false, agent, nil)
	if err != nil {
		return err
	}
	defer writer.cut()
	long := strings.Repeat("<&\"\u2028", 2500) // each longer in HTML or in JSON
	for range 200 {
		if _, err := writer.call("send_message", message("agent", "", long)); err != nil {
			return err
		}
	}
	return nil
}
