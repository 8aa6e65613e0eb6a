package socketio

import (
	"encoding/json"
	"io"
	"net"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gofiber/fiber/v2"
)

func BenchmarkEncodeEvent(b *testing.B) {
	n := newNamespace(nil, "/")
	payload := struct {
		ConversationID string `json:"conversation_id"`
		Content        string `json:"content"`
	}{"0b9f4a32-9f5d-4b7e-8d36-3f2d5f1f9a10", "Hello, how can I help you?"}
	raw, _ := json.Marshal(payload)
	for name, arg := range map[string]any{"struct": payload, "raw": json.RawMessage(raw)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			args := []any{arg}
			for b.Loop() {
				if _, err := encodeEvent(n, noID, "message_received", args); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecodePacket(b *testing.B) {
	text := []byte(`212["send_message",{"conversation_id":"0b9f4a32-9f5d-4b7e-8d36-3f2d5f1f9a10","content":"Hello, \"you\""}]`)
	options := Options{}
	options.setDefaults()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := options.decodePacket(text, false); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBroadcast is a broadcast to a room of 100 WebSockets, with the kernel's part: one iteration, 100 deliveries.
func BenchmarkBroadcast(b *testing.B) {
	s := New(Options{})
	joined := make(chan struct{}, 100)
	s.Of("/").OnConnection(func(s *Socket) {
		s.Join("room")
		joined <- struct{}{}
	})
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.All("/socket.io/", s.Handler())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go app.Listener(listener)
	defer app.Shutdown()
	for range 100 {
		conn, _, _, err := ws.Dial(b.Context(),
			"ws://"+listener.Addr().String()+"/socket.io/?EIO=4&transport=websocket")
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		ws.WriteFrame(conn, ws.MaskFrame(ws.NewTextFrame([]byte("40"))))
		go io.Copy(io.Discard, conn)
		<-joined
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Of("/").To("room").Emit("typing_indicator",
			json.RawMessage(`{"conversation_id":"0b9f4a32","sender_type":"agent"}`))
	}
}
