package engine

import (
	"bytes"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// superseded is how long a client's close packet waits for the poll that it may have superseded on another connection.
const superseded = 100 * time.Millisecond

// probedPoll is how long a poll that comes after the probe is kept for the upgrade, which may be just behind it on the
// other connection, before it is sent home with a noop.
const probedPoll = 20 * time.Millisecond

// poll is a parked GET request.
type poll struct {
	ready chan struct{}
	limit <-chan time.Time // nil: it may wait for as long as the connection lives
}

// wake makes the request return what there is. It never blocks.
func (p *poll) wake() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// servePoll answers a GET: with what is queued, or as soon as something is.
func (c *Conn) servePoll(ctx *fiber.Ctx) error {
	if c.server.beats.expired(c) {
		c.abort(ReasonPingTimeout)
	}
	parked, ok := c.park()
	if !ok {
		return fail(ctx, errBadRequest)
	}
	if parked != nil && !parked.wait(ctx.Context()) {
		c.abort(ReasonTransportError)
	}
	ctx.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	ctx.Set(fiber.HeaderCacheControl, "no-store")
	body, ok := c.takePayload(parked)
	if !ok {
		return fail(ctx, errBadRequest)
	}
	ctx.Context().Response.SetBodyRaw(body)
	return nil
}

// park registers a poll; nil means that it need not wait, false that it is refused. A second poll beside a first ends
// the connection: the client has lost count, and which of the two it reads nobody knows.
func (c *Conn) park() (parked *poll, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ws != nil:
		return nil, false
	case c.poll != nil:
		c.closeLocked(ReasonTransportError, 0)
		return nil, false
	case c.closed.Load() && c.closePacket == 0:
		return nil, false
	case c.queue.len() > 0 || c.closed.Load():
		return nil, true
	}
	c.poll = &poll{ready: make(chan struct{}, 1)}
	if c.probed {
		c.poll.limit = time.After(probedPoll)
	}
	return c.poll, true
}

// wait parks the request; false means that the client hung up meanwhile.
func (p *poll) wait(ctx *fasthttp.RequestCtx) bool {
	gone, stop := watch(ctx.Conn())
	defer stop()
	select {
	case <-p.ready:
		return true
	case <-p.limit:
		return true
	case <-gone:
		return false
	}
}

// takePayload takes as many packets out of the queue as a payload may have, and ends the poll; false means that a
// WebSocket has become the transport meanwhile.
func (c *Conn) takePayload(parked *poll) (body []byte, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if parked != nil && c.poll == parked {
		c.poll = nil
	}
	if c.ws != nil {
		return nil, false
	}
	for c.queue.len() > 0 {
		p := c.queue.peek()
		if len(body) > 0 && len(body)+1+p.pollingSize() > c.server.options.MaxPayload {
			return body, true
		}
		if len(body) > 0 {
			body = append(body, separator)
		}
		body = c.queue.pop().appendPolling(body)
	}
	if c.closePacket != 0 {
		if len(body) > 0 {
			body = append(body, separator)
		}
		body = append(body, c.closePacket)
		c.forgetPolling()
	}
	if len(body) == 0 {
		return []byte{typeNoop}, true
	}
	return body, true
}

// servePost handles the packets of a POST.
func (c *Conn) servePost(ctx *fiber.Ctx) error {
	c.mu.Lock()
	refused := c.ws != nil || c.closed.Load()
	c.mu.Unlock()
	if refused {
		return fail(ctx, errBadRequest)
	}
	// Not ctx.Body, which would inflate a compressed body without a limit.
	body := ctx.Context().Request.Body()
	if len(body) > c.server.options.MaxPayload {
		c.abort(ReasonTransportError)
		return ctx.SendStatus(fiber.StatusRequestEntityTooLarge)
	}
	if !utf8.Valid(body) {
		// Over WebSocket such text is refused too. Passed on to others, it would end their connections.
		c.abort(ReasonParseError)
		return fail(ctx, errBadRequest)
	}
	if !c.receivePayload(bytes.Clone(body)) {
		return fail(ctx, errBadRequest)
	}
	ctx.Set(fiber.HeaderContentType, fiber.MIMETextHTML)
	return ctx.SendString("ok")
}

// receivePayload handles the packets of a body, which it keeps; false means that one of them was malformed.
func (c *Conn) receivePayload(body []byte) bool {
	err := eachPacket(body, func(packet []byte) error {
		binary := len(packet) > 0 && packet[0] == typeBinary
		if binary {
			var err error
			if packet, err = decodeBase64(packet[1:]); err != nil {
				c.abort(ReasonParseError)
				return err
			}
		}
		if !c.receive(packet, binary) {
			return ErrPacket
		}
		return nil
	})
	return err == nil || c.closedFor() != ReasonParseError
}

func (c *Conn) closedFor() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}

// endPolling ends the poll that is parked, with the close packet. After a polite close the id lingers, so that the next
// poll fetches what is left. Call with mu held.
func (c *Conn) endPolling(code int) {
	wait := lingering
	if c.closePacket == typeNoop {
		wait = superseded
	} else {
		c.closePacket = typeClose
	}
	if c.poll != nil {
		c.poll.wake()
	}
	if code == 0 || c.reason == ReasonParseError {
		if c.poll == nil {
			c.closePacket = 0
		}
		c.queue.clear()
		c.server.forget(c)
		return
	}
	c.server.beats.remove(c)
	c.server.running.Add(1)
	c.linger = time.AfterFunc(wait, c.cut)
}

// forgetPolling makes the id unknown, when the last poll has come or will not come any more. Call with mu held.
func (c *Conn) forgetPolling() {
	c.closePacket = 0
	c.queue.clear()
	if c.linger != nil {
		c.linger.Stop()
		c.linger = nil
		c.server.forget(c)
		c.server.running.Done()
	}
}
