package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/gofiber/fiber/v2"

	"parley/handlers/socketio"
)

// A server answers events, and ends politely: its clients connect again elsewhere.
func Example() {
	server := socketio.New(socketio.Options{})
	server.Of("/").OnConnection(func(s *socketio.Socket) {
		s.Emit("welcome", map[string]string{"text": "Hello!"})
	})

	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io", server.Handler())
	app.All("/socket.io/*", server.Handler())

	client := serve(app)("")
	fmt.Println(client.receive())
	fmt.Println(client.receive())
	client.conn.Close()

	server.Shutdown(context.Background()) // before the HTTP server
	app.Shutdown()
	// Output:
	// 40
	// 42["welcome",{"text":"Hello!"}]
}

// An event has JSON arguments. Its acknowledgement may come later, from any goroutine.
func ExampleEvent_Ack() {
	server := socketio.New(socketio.Options{})
	server.Of("/").On("add", func(_ *socketio.Socket, e *socketio.Event) {
		var a, b int
		if len(e.Args) != 2 || json.Unmarshal(e.Args[0], &a) != nil || json.Unmarshal(e.Args[1], &b) != nil {
			e.Ack(map[string]string{"error": "Send two numbers."})
			return
		}
		go e.Ack(map[string]int{"sum": a + b})
	})

	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io/*", server.Handler())
	client := serve(app)("")
	client.receive()
	client.send(`427["add",1,2]`) // socket.emit("add", 1, 2, answer => …)
	fmt.Println(client.receive())
	// Output: 437[{"sum":3}]
}

// A room is whatever sockets have joined it. A broadcast from a socket leaves that socket out.
func ExampleSocket_Join() {
	server := socketio.New(socketio.Options{})
	chat := server.Of("/")
	chat.On("enter", func(s *socketio.Socket, e *socketio.Event) {
		if err := s.Join("lobby"); err != nil {
			e.Ack(err.Error())
			return
		}
		s.To("lobby").Emit("entered", chat.Members("lobby"))
		e.Ack("ok")
	})

	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io/*", server.Handler())
	connect := serve(app)
	first, second := connect(""), connect("")
	for _, client := range []*exampleClient{first, second} {
		client.receive()
		client.send(`421["enter"]`)
		fmt.Println("acknowledgement:", client.receive())
	}
	fmt.Println("first hears:", first.receive())

	chat.To("lobby").Emit("closing", "soon") // from the server, to all in the room
	fmt.Println("both hear:", first.receive(), second.receive())
	// Output:
	// acknowledgement: 431["ok"]
	// acknowledgement: 431["ok"]
	// first hears: 42["entered",2]
	// both hear: 42["closing","soon"] 42["closing","soon"]
}

// A middleware decides who may connect. The client's connect_error event gets the message and the data.
func ExampleNamespace_Use() {
	server := socketio.New(socketio.Options{})
	admin := server.Of("/")
	admin.Use(func(s *socketio.Socket) error {
		var auth struct{ Token string }
		if json.Unmarshal(s.Auth(), &auth) != nil || auth.Token == "" {
			return errors.New("a token is required")
		}
		if auth.Token != "secret" {
			return &socketio.ConnectError{
				Message: "wrong token",
				Data:    map[string]int{"retry_after": 5},
			}
		}
		s.SetData(auth.Token)
		return nil
	})

	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io/*", server.Handler())
	connect := serve(app)
	fmt.Println(connect("").receive())
	fmt.Println(connect(`{"token":"guess"}`).receive())
	fmt.Println(connect(`{"token":"secret"}`).receive()) // io({ auth: { token: "secret" } })
	// Output:
	// 44{"message":"a token is required"}
	// 44{"message":"wrong token","data":{"retry_after":5}}
	// 40
}

// Two servers share a broker: a broadcast of one reaches the sockets of both. In production each is a process of its
// own, with NewRedisBroker.
func ExampleBroker() {
	broker := socketio.NewMemoryBroker()
	joined := make(chan error)
	node := func() (*socketio.Server, *exampleClient) {
		server := socketio.New(socketio.Options{Broker: broker})
		server.Of("/").OnConnection(func(s *socketio.Socket) { joined <- s.Join("lobby") })
		app := fiber.New(fiber.Config{DisableStartupMessage: true})
		app.All("/socket.io/*", server.Handler())
		client := serve(app)("")
		client.receive()
		if err := <-joined; err != nil {
			panic(err)
		}
		return server, client
	}
	first, onFirst := node()
	_, onSecond := node()

	first.Of("/").To("lobby").Emit("hello", "from the first")
	fmt.Println(onFirst.receive())
	fmt.Println(onSecond.receive())
	// Output:
	// 42["hello","from the first"]
	// 42["hello","from the first"]
}

// Limits bound what a client can take. A client that exceeds one learns what was wrong.
func ExampleOptions() {
	var open atomic.Int64 // of all addresses, for brevity
	server := socketio.New(socketio.Options{
		MaxPacket: 1 << 10,
		Admit: func(c *fiber.Ctx) (release func(), ok bool) {
			if open.Add(1) > 1000 {
				open.Add(-1)
				return nil, false
			}
			return func() { open.Add(-1) }, true
		},
	})
	server.Of("/").OnRefuse(func(_ *socketio.Socket, e *socketio.Event, limit error) {
		e.Ack(map[string]string{"error": limit.Error()})
	})

	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io/*", server.Handler())
	client := serve(app)("")
	client.receive()
	client.send(fmt.Sprintf(`421["say",%q]`, make([]byte, 1<<10)))
	fmt.Println(client.receive())
	// Output: 431[{"error":"socketio: packet is too large"}]
}
