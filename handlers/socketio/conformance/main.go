// Conformance is the server for the official test suites of the protocols, docs/engine.io-protocol/v4-test-suite and
// docs/socket.io-protocol/v5-test-suite of github.com/socketio/socket.io: an Engine.IO server at /engine.io/, which
// sends every message back, and a Socket.IO server at /socket.io/.
//
//	go run ./handlers/socketio/conformance -addr 127.0.0.1:3000
package main

import (
	"flag"
	"log"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio"
	"parley/handlers/socketio/engine"
)

const (
	pingInterval   = 300 * time.Millisecond
	pingTimeout    = 200 * time.Millisecond
	connectTimeout = time.Second
	maxPayload     = 1_000_000
)

func main() {
	addr := flag.String("addr", "127.0.0.1:3000", "where to listen")
	flag.Parse()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	mount(app, "/engine.io", echoEngine().Handler())
	mount(app, "/socket.io", socketServer().Handler())
	log.Fatal(app.Listen(*addr))
}

func mount(app *fiber.App, path string, h fiber.Handler) {
	app.All(path, h)
	app.All(path+"/*", h)
}

// echo sends every message back.
type echo struct{ conn *engine.Conn }

func (e echo) Message(m engine.Message) error {
	if m.Binary {
		e.conn.Send(engine.Binary(m.Data))
	} else {
		e.conn.Send(engine.Text(m.Data))
	}
	return nil
}

func (e echo) Closed(string) {}

func echoEngine() *engine.Server {
	return engine.New(engine.Options{
		PingInterval: pingInterval,
		PingTimeout:  pingTimeout,
		MaxPayload:   maxPayload,
	}, func(c *engine.Conn) engine.Receiver { return echo{c} })
}

func socketServer() *socketio.Server {
	s := socketio.New(socketio.Options{
		PingInterval:   pingInterval,
		PingTimeout:    pingTimeout,
		ConnectTimeout: connectTimeout,
		MaxPayload:     maxPayload,
		MaxPacket:      maxPayload,
		MaxAttachments: 10,
	})
	for _, name := range []string{"/", "/custom"} {
		n := s.Of(name)
		n.OnConnection(func(s *socketio.Socket) { s.Emit("auth", s.Auth()) })
		n.On("message", func(s *socketio.Socket, e *socketio.Event) { s.Emit("message-back", arguments(e)...) })
		n.On("message-with-ack", func(s *socketio.Socket, e *socketio.Event) { e.Ack(arguments(e)...) })
	}
	return s
}

// arguments returns an event's arguments for Emit, attachments included.
func arguments(e *socketio.Event) []any {
	args := make([]any, len(e.Args))
	for i, arg := range e.Args {
		if attachment, ok := e.Binary(i); ok {
			args[i] = socketio.Binary(attachment)
		} else {
			args[i] = arg
		}
	}
	return args
}
