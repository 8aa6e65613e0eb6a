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

// fail answers a bad request as the official servers do.
func fail(c *fiber.Ctx, code int) error {
	return c.Status(fiber.StatusBadRequest).JSON(fiber.Map{"code": code, "message": errorMessages[code]})
}

// refuse answers a handshake that exceeds a limit.
func refuse(c *fiber.Ctx, status int, code, message string) error {
	c.Set(fiber.HeaderRetryAfter, "30")
	return c.Status(status).JSON(fiber.Map{"error": code, "message": message})
}

// Handler returns the handler of all requests of the protocol. Mount it for all methods, below a path of its own.
//
// It sets KeepHijackedConns on the fasthttp server that it runs in, because WebSockets outlive their handler.
// fasthttp's limits and shutdown do not apply to WebSockets; use MaxConnections, Admit and Shutdown.
func (s *Server) Handler() fiber.Handler {
	return func(c *fiber.Ctx) error {
		secure(c)
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
	if !s.hasRoom() {
		return refuseBusy(c)
	}
	var release func()
	if s.options.Admit != nil {
		var ok bool
		if release, ok = s.options.Admit(c); !ok {
			return refuse(c, fiber.StatusTooManyRequests, "rate_limited", "Too many connections. Close some first.")
		}
	}
	return s.openConn(c, transport, key, release)
}

func refuseBusy(c *fiber.Ctx) error {
	return refuse(c, fiber.StatusServiceUnavailable, "unavailable", "No new connections for now. Try again soon.")
}

// openConn opens a connection that was admitted.
func (s *Server) openConn(c *fiber.Ctx, transport, key string, release func()) error {
	passedOn := false
	defer func() {
		if !passedOn { // Request panicked
			callIfAny(release)
		}
	}()
	var request any
	if s.options.Request != nil {
		request = s.options.Request(c)
	}
	passedOn = true
	if transport == TransportWebSocket {
		return s.openWebSocket(c, request, key, release)
	}
	conn := s.newConn(request, nil, release)
	if conn == nil {
		return refuseBusy(c)
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	return c.Send(conn.openPacket([]string{TransportWebSocket}).appendPolling(nil))
}

// secure sets the security headers. The answers are for scripts, of any site: a browser that opens one as a page must
// not guess its type, run it, frame it or store it.
func secure(c *fiber.Ctx) {
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
}

// cors lets pages of the allowed origins use long-polling with cookies. The request headers are a fixed list: the
// official client needs permission for no other than Content-Type.
func (s *Server) cors(c *fiber.Ctx) {
	if s.options.AllowOrigin == nil {
		return
	}
	c.Vary(fiber.HeaderOrigin)
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" || !s.options.AllowOrigin(origin) {
		return
	}
	c.Set(fiber.HeaderAccessControlAllowOrigin, origin)
	c.Set(fiber.HeaderAccessControlAllowCredentials, "true")
	if c.Method() == fiber.MethodOptions {
		c.Set(fiber.HeaderAccessControlAllowMethods, "GET, POST")
		c.Set(fiber.HeaderAccessControlAllowHeaders, "Content-Type")
		c.Set(fiber.HeaderAccessControlMaxAge, "600")
	}
}
