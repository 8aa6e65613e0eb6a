// Package socketio is a Socket.IO server (protocol 5, over Engine.IO 4) for Fiber and fasthttp. The official clients of
// version 3 and later connect to it. It knows nothing of the application that uses it.
//
//	server := socketio.New(socketio.Options{})
//	server.Of("/").On("hello", func(s *socketio.Socket, e *socketio.Event) { e.Ack("hi") })
//	app.All("/socket.io", server.Handler())
//	app.All("/socket.io/*", server.Handler())
//
// # Concepts
//
// The terms are those of the Socket.IO documentation.
//
// A connection (engine.Conn) is one client's link to the server, by HTTP long-polling or WebSocket. Clients begin with
// long-polling and upgrade to WebSocket when they can.
//
// A [Namespace] is a separate channel over that connection, with its own handlers, middleware and rooms. "/" is the
// default. A [Socket] is one client in one namespace.
//
// Client and server send each other events: a name and JSON arguments. An [Event] may ask for an acknowledgement, which
// [Event.Ack] sends. [Socket.EmitWithAck] asks the client for one.
//
// A room is a name that sockets join with [Socket.Join]. A [Broadcast], from [Namespace.To] or [Socket.To], reaches all
// sockets in a room. Unlike in the official server, no room is named after a socket's id: keep the *Socket, or join a
// room of your own.
//
// A [Broker] connects several servers, the nodes of one installation. It carries broadcasts to the sockets of the other
// nodes. The official documentation calls it an adapter.
//
// # Handlers
//
// The events of one connection are handled one at a time, in the order in which they were sent. A handler that blocks
// delays only its own connection. A handler that panics loses its event; the panic is logged and the connection lives.
//
// # Sending
//
// Emit and Ack never wait for the network. What the client cannot take now is queued, up to the limits in [Options]. A
// client that reads too slowly is disconnected; it connects again and fetches what it missed. A broadcast is encoded
// once, and its bytes are shared by all connections.
//
// # Untrusted clients
//
// A packet that cannot be decoded closes its connection and no other. The limits in [Options] bound the memory that
// clients can take, one by one and together. [Namespace.OnRefuse] says to a client which limit its event exceeded.
// Options.Admit limits connections per address.
package socketio
