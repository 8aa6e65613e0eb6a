package socketio

import (
	"log/slog"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio/engine"
)

// Options configure a Server. A zero value takes the default that the comment names. The limits bound what a stranger
// can make the server keep; "the connection is closed" means that the client notices and connects again.
type Options struct {
	// PingInterval (25 s) is the time between a client's pong and the next ping.
	PingInterval time.Duration
	// PingTimeout (20 s) is how long a client has to answer a ping. It also bounds a message that is begun and never
	// finished, since nothing can be answered before its end.
	PingTimeout time.Duration
	// ConnectTimeout (45 s) is how long a connection may take to join a namespace before it is closed.
	ConnectTimeout time.Duration
	// UpgradeTimeout (10 s) is how long a WebSocket may take to replace long-polling before it is closed.
	UpgradeTimeout time.Duration
	// WriteTimeout (10 s) is how long one write may take, of 64 KiB or one packet, to a client that reads slowly or not
	// at all, before the connection is closed.
	WriteTimeout time.Duration
	// HoldBack (250 ms) is how long a numbered packet waits for those before it that other nodes may send, see
	// Broadcast.Sequence. Without a Broker nothing waits.
	HoldBack time.Duration

	// MaxPacket (65,536 bytes) is the longest packet that is decoded. OnRefuse answers a longer event, of which nothing
	// is kept but its beginning; any other packet closes the connection.
	MaxPacket int
	// MaxPayload (131,072 bytes) is the longest body of a long-polling request, either way, and the most that the
	// attachments of one packet have together. Beyond it the connection is closed. Set the body limit of the
	// fiber.App, for this path, to the same: Fiber reads a body before this package sees it.
	MaxPayload int
	// MaxAuth (4,096 bytes) is the longest auth payload, which lives as long as its socket. A longer one is refused.
	MaxAuth int
	// MaxArguments (64) is the most arguments of an event or an acknowledgement. Two bytes of a packet make one, which
	// takes 24 bytes of memory. OnRefuse answers an event beyond it.
	MaxArguments int
	// MaxAttachments (0) is the most attachments of a packet, which wait in memory until the last one has come.
	// OnRefuse answers an event beyond it: by default, every event with binary arguments.
	MaxAttachments int
	// MaxRooms (4,096) is the most rooms of a socket; see also Socket.LimitRooms.
	MaxRooms int
	// MaxNamespaces (8) is the most namespaces that a connection may be in.
	MaxNamespaces int

	// MaxQueuePackets (16,384) and MaxQueueBytes (8 MiB) bound what waits for one connection. From a quarter on
	// volatile packets are left out; a connection beyond them is closed. They are generous, since a healthy
	// long-polling client in a burst of 5,000 messages, or a browser that is busy for some 100 ms, falls that far
	// behind.
	MaxQueuePackets, MaxQueueBytes int
	// QueueBudget (16 MiB) bounds what waits for all connections together, messages included that have arrived in part.
	// The bytes of a broadcast count once, however many connections wait for it. Beyond it the connections that hold
	// the most are closed first. It keeps many clients that do not read from filling the memory together.
	QueueBudget int
	// MaxConnections (no limit) is the most connections of all clients. A handshake beyond it is answered with 503.
	MaxConnections int

	// Admit (nil: all are admitted) is called once for each new connection, before anything is kept of it; false
	// answers the handshake with 429. It is the place to limit connections per address. The function release, which may
	// be nil, is called exactly once, when nothing of the connection is left, from any goroutine.
	Admit func(c *fiber.Ctx) (release func(), ok bool)
	// Request (nil) is called once for each new connection, during its handshake. What it returns is all that is kept
	// of the request, for Socket.Request. It must not alias the request, whose memory Fiber uses again, and is best
	// short: a stranger chooses the headers.
	Request func(c *fiber.Ctx) any
	// AllowOrigin (nil: none) reports whether pages of a foreign origin may use long-polling, with cookies (CORS). It
	// does not restrict WebSockets, which browsers open from anywhere: an application that acts on cookies checks the
	// Origin header in Request or Admit.
	AllowOrigin func(origin string) bool

	// Broker (nil: this process is the only node) carries broadcasts between nodes.
	Broker Broker
	// Log is slog.Default() by default. Nothing that a client sent is logged.
	Log *slog.Logger
}

func (o *Options) setDefaults() {
	setDefault(&o.ConnectTimeout, 45*time.Second)
	setDefault(&o.HoldBack, 250*time.Millisecond)
	setDefault(&o.MaxPacket, 64<<10)
	setDefault(&o.MaxPayload, 128<<10)
	setDefault(&o.MaxAuth, 4<<10)
	setDefault(&o.MaxArguments, 64)
	setDefault(&o.MaxRooms, 4096)
	setDefault(&o.MaxNamespaces, 8)
	if o.Log == nil {
		o.Log = slog.Default()
	}
}

func setDefault[T time.Duration | int](value *T, fallback T) {
	if *value <= 0 {
		*value = fallback
	}
}

// engine returns the options of the connections beneath.
func (o *Options) engine() engine.Options {
	longest := o.MaxPacket
	if o.MaxAttachments > 0 {
		longest = max(longest, o.MaxPayload)
	}
	return engine.Options{
		PingInterval:    o.PingInterval,
		PingTimeout:     o.PingTimeout,
		UpgradeTimeout:  o.UpgradeTimeout,
		WriteTimeout:    o.WriteTimeout,
		MaxPayload:      o.MaxPayload,
		MaxMessage:      longest,
		MaxQueuePackets: o.MaxQueuePackets,
		MaxQueueBytes:   o.MaxQueueBytes,
		QueueBudget:     o.QueueBudget,
		MaxConnections:  o.MaxConnections,
		Admit:           o.Admit,
		Request:         o.Request,
		AllowOrigin:     o.AllowOrigin,
		Log:             o.Log,
	}
}
