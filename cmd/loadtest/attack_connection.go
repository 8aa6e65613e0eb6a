package main

import (
	"io"
	"strings"
	"time"
)

// Connections that do nothing, or too little.
var connectionAttacks = []attack{
	{name: "idle", about: "2,500 connections that send nothing", run: idleConnections},
	{
		name:  "kept",
		about: "2,500 connections that were used once and are kept",
		run:   keptConnections,
	},
	{name: "slow-headers", about: "2,500 requests whose header never ends", run: slowHeaders},
	{
		name:  "unread",
		about: "500 connections that send 200 requests for a large file and never read",
		run:   unreadAnswers,
	},
	{
		name:  "unread-pages",
		about: "500 connections that send 200 requests for the login page and never read",
		run:   unreadPages,
	},
	{
		name:        "descriptors",
		about:       "400 idle connections to a server with `ulimit -n 256`",
		descriptors: 256,
		run:         idleDescriptors,
	},
}

// hold opens n connections, sends the same on each, and keeps them.
func (t *target) hold(n int, sent string) error {
	err := parallel(n, 100, func(int) error {
		conn, err := t.dial()
		if err == nil {
			_, err = io.WriteString(conn, sent)
		}
		return refusedIsFine(err)
	})
	time.Sleep(held)
	return err
}

func idleConnections(t *target) error { return t.hold(2500, "") }
func idleDescriptors(t *target) error { return t.hold(400, "") }

func keptConnections(t *target) error {
	return t.hold(2500, "GET /auth/login HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

func slowHeaders(t *target) error {
	return t.hold(2500, "GET /auth/login HTTP/1.1\r\nHost: localhost\r\nX-Filler: "+strings.Repeat("x", 12_000))
}

func unreadAnswers(t *target) error {
	return t.hold(500, strings.Repeat("GET /static/app/app.build.css HTTP/1.1\r\nHost: localhost\r\n\r\n", 200))
}

func unreadPages(t *target) error {
	return t.hold(500, strings.Repeat("GET /auth/login HTTP/1.1\r\nHost: localhost\r\n\r\n", 200))
}
