// Package socketio is a Socket.IO server (protocol 5, over Engine.IO 4) on Fiber. It speaks the words of the Socket.IO
// documentation: a server has namespaces, a client's presence in one is a socket, sockets join rooms, events may be
// acknowledged. It knows nothing of the application.
//
//	server := socketio.New(socketio.Options{})
//	server.Of("/").On("hello", func(s *socketio.Socket, e *socketio.Event) { e.Ack("hi") })
//	app.All("/socket.io", server.Handler())
//	app.All("/socket.io/*", server.Handler())
//
// The events of a connection are handled in order, one at a time, each under a recover. A handler that blocks holds up
// its own connection only. What a client sends that cannot be decoded closes that connection and nothing else.
//
// Sending never waits for a client: see Options.MaxQueuePackets for what happens to one that does not read. A broadcast
// is encoded once. Broadcasts reach the sockets of other nodes through a Broker.
//
// There is no room named after a socket's id: who wants to reach one socket keeps the *Socket, or a room for it.
package socketio
