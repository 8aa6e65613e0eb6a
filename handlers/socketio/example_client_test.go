package socketio_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"strings"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
	"github.com/gofiber/fiber/v2"
)

// exampleClient is a client that shows what goes over the wire. Applications use an official client instead:
//
//	const socket = io("https://chat.example");
type exampleClient struct {
	conn net.Conn
	rw   io.ReadWriter
}

// serve serves an application, and returns how to connect to it.
func serve(app *fiber.App) (connect func(auth string) *exampleClient) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go app.Listener(listener)
	return func(auth string) *exampleClient {
		conn, buffered, _, err := ws.Dial(context.Background(),
			"ws://"+listener.Addr().String()+"/socket.io/?EIO=4&transport=websocket")
		if err != nil {
			panic(err)
		}
		if buffered == nil {
			buffered = bufio.NewReader(conn)
		}
		c := &exampleClient{
			conn: conn,
			rw: struct {
				io.Reader
				io.Writer
			}{buffered, conn},
		}
		c.receive() // Engine.IO's open packet
		c.send("40" + auth)
		return c
	}
}

func (c *exampleClient) send(packet string) { wsutil.WriteClientText(c.conn, []byte(packet)) }

// receive returns the next packet; of the answer to a connection only its beginning, since the socket's id is random.
func (c *exampleClient) receive() string {
	packet, err := wsutil.ReadServerText(c.rw)
	if err != nil {
		panic(err)
	}
	connected, _, _ := strings.Cut(string(packet), `{"sid"`)
	return connected
}
