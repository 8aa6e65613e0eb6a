package engine

import (
	"bytes"
	"encoding/base64"
	"io"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// keptBody is the size of the largest body whose buffer fasthttp may use again.
const keptBody = 4 << 10

// servePost handles the packets of a POST request.
func (c *Conn) servePost(ctx *fiber.Ctx) error {
	if !c.beginPost() {
		return fail(ctx, errBadRequest)
	}
	body, err := readBody(ctx.Context(), c.server.options.MaxPayload)
	c.charge(len(body))
	defer c.endPost(len(body))
	defer ctx.Context().Request.ReleaseBody(keptBody) // else the TCP connection keeps it
	if err != nil {
		c.abort(ReasonTransportError)
		return fail(ctx, errBadRequest)
	}
	if len(body) > c.server.options.MaxPayload {
		c.abort(ReasonTransportError)
		return ctx.SendStatus(fiber.StatusRequestEntityTooLarge)
	}
	if !utf8.Valid(body) {
		// As over WebSocket: clients that got such text would disconnect.
		c.abort(ReasonParseError)
		return fail(ctx, errBadRequest)
	}
	if !c.receivePayload(body) {
		return fail(ctx, errBadRequest)
	}
	ctx.Set(fiber.HeaderContentType, fiber.MIMETextHTML)
	return ctx.SendString("ok")
}

// readBody returns the body of a request, and more than limit bytes of one that is longer. It does not use
// fiber.Ctx.Body, which would inflate a compressed body without a limit.
func readBody(ctx *fasthttp.RequestCtx, limit int) ([]byte, error) {
	if stream := ctx.RequestBodyStream(); stream != nil {
		return io.ReadAll(io.LimitReader(stream, int64(limit)+1))
	}
	return ctx.Request.Body(), nil
}

// beginPost refuses a POST request to a closed or upgraded connection. A second POST request during a first closes the
// connection, as in the official servers: while one of its events is handled, a client could make the server keep any
// number of bodies.
func (c *Conn) beginPost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ws != nil || c.closed.Load() {
		return false
	}
	if c.posting {
		c.closeLocked(ReasonTransportError, 0)
		return false
	}
	c.posting = true
	return true
}

func (c *Conn) endPost(size int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posting = false
	c.chargeLocked(-size)
}

// receivePayload handles the packets of a body. It returns false if one was malformed.
func (c *Conn) receivePayload(body []byte) bool {
	err := eachPacket(body, func(packet []byte) error {
		if len(packet) > 0 && packet[0] == typeBinary {
			return c.receiveBase64(packet[1:])
		}
		cut := len(packet) > 1+c.server.options.MaxMessage // its first byte is its type
		if cut {
			packet = packet[:beginning]
		}
		if !c.receive(Message{Data: bytes.Clone(packet), Cut: cut}) {
			return ErrPacket
		}
		return nil
	})
	return err == nil || c.closedFor() != ReasonParseError
}

// receiveBase64 handles a binary message.
func (c *Conn) receiveBase64(text []byte) error {
	cut := len(text) > base64.StdEncoding.EncodedLen(c.server.options.MaxMessage)
	if cut {
		text = text[:base64.StdEncoding.EncodedLen(beginning)]
	}
	message, err := decodeBase64(text)
	if err != nil {
		c.abort(ReasonParseError)
		return err
	}
	if !c.receive(Message{message, true, cut}) {
		return ErrPacket
	}
	return nil
}

func (c *Conn) closedFor() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.reason
}
