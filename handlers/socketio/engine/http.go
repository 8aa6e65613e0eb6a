package engine

import (
	"github.com/gofiber/fiber/v2"
)

// The error codes of Engine.IO, answered with status 400.
const (
	errTransportUnknown = iota
	errSessionUnknown
	errBadMethod
	errBadRequest
	errForbidden
	errProtocolVersion
)

var errorMessages = [...]string{
	errTransportUnknown: "Transport unknown",
	errSessionUnknown:   "Session ID unknown",
	errBadMethod:        "Bad handshake method",
	errBadRequest:       "Bad request",
	errForbidden:        "Forbidden",
	errProtocolVersion:  "Unsupported protocol version",
}

// fail answers a request that is none of ours, as the official servers do.
func fail(c *fiber.Ctx, code int) error {
	return c.Status(fiber.StatusBadRequest).JSON(fiber.Map{"code": code, "message": errorMessages[code]})
}

// Handler serves all requests of the protocol. Mount it for all methods, below a path of its own.
//
// It sets KeepHijackedConns on the fasthttp server it runs in: WebSockets outlive their handler, and are closed here.
// They are beyond fasthttp's limits and shutdown; MaxConnections and Shutdown are for that.
func (s *Server) Handler() fiber.Handler {
	return func(c *fiber.Ctx) error {
		if s.cors(c); c.Method() == fiber.MethodOptions {
			return c.SendStatus(fiber.StatusNoContent)
		}
		transport := c.Query("transport")
		if transport != TransportPolling && transport != TransportWebSocket {
			return fail(c, errTransportUnknown)
		}
		id := c.Query("sid")
		if id == "" {
			return s.handshake(c, transport)
		}
		conn := s.lookup(id)
		if conn == nil {
			return fail(c, errSessionUnknown)
		}
		if transport == TransportWebSocket {
			return conn.acceptProbe(c)
		}
		switch c.Method() {
		case fiber.MethodGet:
			return conn.servePoll(c)
		case fiber.MethodPost:
			return conn.servePost(c)
		}
		return fail(c, errBadRequest)
	}
}

// handshake opens a connection.
func (s *Server) handshake(c *fiber.Ctx, transport string) error {
	if c.Method() != fiber.MethodGet {
		return fail(c, errBadMethod)
	}
	key, upgrade := upgradeKey(c)
	if transport == TransportWebSocket && !upgrade {
		return fail(c, errBadRequest)
	}
	if c.Query("EIO") != "4" {
		return fail(c, errProtocolVersion)
	}
	if !s.admits() {
		return c.SendStatus(fiber.StatusServiceUnavailable)
	}
	var request any
	if s.options.Request != nil {
		request = s.options.Request(c)
	}
	if transport == TransportWebSocket {
		return s.openWebSocket(c, request, key)
	}
	conn := s.newConn(request, nil)
	if conn == nil {
		return c.SendStatus(fiber.StatusServiceUnavailable)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	return c.Send(conn.openPacket([]string{TransportWebSocket}).appendPolling(nil))
}

// cors lets pages of the allowed origins use long-polling with credentials.
func (s *Server) cors(c *fiber.Ctx) {
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" || s.options.AllowOrigin == nil {
		return
	}
	c.Vary(fiber.HeaderOrigin)
	if !s.options.AllowOrigin(origin) {
		return
	}
	c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	c.Set(fiber.HeaderAccessControlAllowCredentials, "true")
	if c.Method() == fiber.MethodOptions {
		c.Set(fiber.HeaderAccessControlAllowMethods, "GET, POST, OPTIONS")
		if headers := c.Get(fiber.HeaderAccessControlRequestHeaders); headers != "" {
			c.Set(fiber.HeaderAccessControlAllowHeaders, headers)
		}
		c.Set(fiber.HeaderAccessControlMaxAge, "600")
	}
}
