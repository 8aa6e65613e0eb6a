package engine

import (
	"net"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// superseded is how long a connection that its client has closed waits for a poll that the client sent before.
const superseded = 100 * time.Millisecond

// probedPoll is how long a poll after the probe waits for the upgrade, which may be about to arrive on the WebSocket,
// before it is answered with a noop.
const probedPoll = 20 * time.Millisecond

// holdParameter is the query parameter in which a client says after how many seconds an empty poll is to be answered.
// Browsers open six connections to a host over HTTP/1.1. Polls that wait for long would use them up in as many tabs.
const holdParameter = "hold"

// longestHold is the longest hold that a client may ask for, in seconds.
const longestHold = 3600

// poll is a waiting GET request.
type poll struct {
	ready chan struct{}
	limit <-chan time.Time // nil: it waits as long as the connection lives
}

// wake makes the request return. It never blocks.
func (p *poll) wake() {
	select {
	case p.ready <- struct{}{}:
	default:
	}
}

// servePoll answers a GET request with what is queued. If nothing is queued, it waits.
func (c *Conn) servePoll(ctx *fiber.Ctx) error {
	if c.server.beats.expired(c) {
		c.abort(ReasonPingTimeout)
	}
	hold := min(ctx.QueryInt(holdParameter), longestHold)
	parked, ok := c.park(time.Duration(hold) * time.Second)
	if !ok {
		return fail(ctx, errBadRequest)
	}
	if parked != nil && !parked.wait(ctx.Context()) {
		c.abort(ReasonTransportError)
	}
	a, ok := c.takeAnswer(parked, ctx.Context().Conn())
	if !ok {
		return fail(ctx, errBadRequest)
	}
	if ctx.App().Config().WriteTimeout == 0 { // else fasthttp sets the deadline
		a.timeout = c.server.options.WriteTimeout * time.Duration(1+len(a.body)/batchBytes)
	}
	c.server.relieve()
	ctx.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	ctx.Context().Response.SetBodyStream(a, len(a.body))
	return nil
}

// park registers a poll, which waits for hold if that is positive. It returns nil if the poll need not wait, and false
// if it is refused. A second poll while one waits closes the connection, as in the official servers: it is unknown
// which of the two the client reads.
func (c *Conn) park(hold time.Duration) (parked *poll, ok bool) {
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
	case c.queue.len() > 0 && c.answer == nil || c.closed.Load():
		return nil, true
	}
	c.poll = &poll{ready: make(chan struct{}, 1)}
	if c.probed {
		hold = probedPoll
	}
	if hold > 0 {
		c.poll.limit = time.After(hold)
	}
	return c.poll, true
}

// wait waits until the poll is to be answered. It returns false if the client disconnects.
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

// takeAnswer ends the poll, and moves as much as one answer may have out of the queue. It returns false if the
// connection has been upgraded.
func (c *Conn) takeAnswer(parked *poll, wire net.Conn) (a *answer, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if parked != nil && c.poll == parked {
		c.poll = nil
	}
	a = &answer{conn: c, wire: wire}
	switch {
	case c.ws != nil:
		return nil, false
	case c.answer == nil || c.closed.Load():
		c.takePayload(a)
	}
	if len(a.body) == 0 {
		a.body = append(a.body, typeNoop)
	}
	return a, true
}

// takePayload fills an answer. Call with mu locked.
func (c *Conn) takePayload(a *answer) {
	packets, size := c.queue.payload(c.server.options.MaxPayload)
	if packets > 0 {
		a.charged = size
		c.chargeLocked(size)
		c.answer = a.wire
	}
	a.body = make([]byte, 0, size+2)
	for range packets {
		if len(a.body) > 0 {
			a.body = append(a.body, separator)
		}
		a.body = c.queue.pop(&c.server.budget).appendPolling(a.body)
	}
	if c.closePacket != 0 && packets < maxAnswerPackets && c.queue.len() == 0 {
		if len(a.body) > 0 {
			a.body = append(a.body, separator)
		}
		a.body = append(a.body, c.closePacket)
		c.endLinger()
	}
}

// endPolling answers the waiting poll with the close packet. Unless the connection was dropped, it lives a little
// longer for the poll that fetches the last packets. Call with mu locked.
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
		c.queue.clear(&c.server.budget)
		return
	}
	c.enter() // until endLinger
	c.linger = time.AfterFunc(wait, c.cut)
}

// endLinger ends the wait for the last poll. Call with mu locked.
func (c *Conn) endLinger() {
	c.closePacket = 0
	c.queue.clear(&c.server.budget)
	if c.linger != nil {
		c.linger.Stop()
		c.linger = nil
		go c.leave() // it must not run with mu locked
	}
}
