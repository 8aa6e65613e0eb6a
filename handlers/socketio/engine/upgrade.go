package engine

import (
	"time"

	"github.com/gofiber/fiber/v2"
)

// In an upgrade the client opens a WebSocket while it polls and sends "2probe". It gets "3probe", and its polls
// return at once, so that it can stop polling without losing a packet. Then it sends "5", and the WebSocket is the
// transport.

var (
	probePing = string(typePing) + "probe"
	probePong = textPacket([]byte(string(typePong) + "probe"))
)

// acceptProbe accepts a WebSocket that is to replace long-polling. If the connection has one already, the new one is
// accepted and closed, as in the official servers.
func (c *Conn) acceptProbe(ctx *fiber.Ctx) error {
	key, ok := upgradeKey(ctx)
	if !ok {
		return fail(ctx, errBadRequest)
	}
	return c.server.hijack(ctx, key, c.startProbe, func() {})
}

// startProbe makes a WebSocket the connection's probe. It returns false if the connection has a WebSocket already.
func (c *Conn) startProbe(w *webSocket) bool {
	w.owner = c
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() || c.ws != nil || c.probe != nil {
		w.writeApart(closeFrame(closeNormal))
		return false
	}
	c.enter() // until its reader has ended
	c.probe = w
	w.probeTimer = time.AfterFunc(c.server.options.UpgradeTimeout, func() { c.giveUpProbe(w) })
	return true
}

// giveUpProbe ends a probe after Options.UpgradeTimeout.
func (c *Conn) giveUpProbe(w *webSocket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.probe == w {
		w.abort()
	}
}

// probing handles a packet of a probe. It returns false to end the probe.
func (c *Conn) probing(w *webSocket, packet []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() || c.probe != w {
		return false
	}
	switch {
	case string(packet) == probePing:
		c.probed = true
		if !w.writeApart(probePong) {
			return false
		}
		if c.poll != nil {
			c.poll.wake()
		}
		return true
	case c.probed && len(packet) == 1 && packet[0] == typeUpgrade:
		c.upgrade(w)
		return true
	}
	w.abort()
	return false
}

// upgrade makes the WebSocket the transport, which then writes what is queued. Call with mu locked.
func (c *Conn) upgrade(w *webSocket) {
	w.probeTimer.Stop()
	w.becomeTransport()
	c.ws = w
	c.probe = nil
	c.probed = false
	if c.poll != nil {
		c.poll.wake()
	}
	c.wakeWriter()
}
