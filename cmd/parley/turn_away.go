package main

import (
	"fmt"
	"net"
	"time"
)

// turnAway answers a connection that is one too many, and closes it.
func (l *listener) turnAway(conn net.Conn, full bool, address string) {
	status, text := "429 Too Many Requests", "Too many connections from your address. Please try again."
	if full {
		status, text = "503 Service Unavailable", "The server has too many connections. Please try again."
		l.warn("too many connections, refusing more: see MAX_CONNECTIONS", "limit", l.limits.connections)
	} else {
		l.warn("too many connections from one address, refusing more: a proxy of yours belongs into TRUSTED_PROXIES",
			"address", address, "limit", l.limits.perAddress)
	}
	conn.SetDeadline(time.Now().Add(lingering))
	fmt.Fprintf(conn, "HTTP/1.1 %s\r\nRetry-After: %s\r\nConnection: close\r\nCache-Control: no-store\r\n"+
		"X-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"+
		"Referrer-Policy: same-origin\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s\n",
		status, retryAfter, len(text)+1, text)
	select {
	case l.polite <- struct{}{}:
		go func() {
			defer func() { <-l.polite }()
			drain(conn)
			conn.Close()
		}()
	default: // of a flood, the clients that still send may miss the answer
		conn.Close()
	}
}
