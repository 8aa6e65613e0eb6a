package main

import (
	"net"
	"sync"

	"github.com/valyala/fasthttp"
)

// connections are those that the HTTP server has open. At its end it closes the idle ones and waits for the others, and
// takes for busy what has not asked for anything yet, like the connections that browsers open in advance.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// changed is the server's ConnState.
func (c *connections) changed(conn net.Conn, state fasthttp.ConnState) {
	switch state {
	case fasthttp.StateNew:
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.open == nil {
			c.open = map[net.Conn]struct{}{}
		}
		c.open[conn] = struct{}{}
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.open, conn)
	}
}

// close cuts off whoever is still there.
func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		conn.Close()
	}
}
