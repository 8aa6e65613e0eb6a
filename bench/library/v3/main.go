// The benchmark's peer on github.com/zishang520/socket.io v3: join a room and send typing indicators to it, as a Go
// team would write it with the library. It is mounted in net/http, the library's own way. Nothing is stored.
//
//	PORT=3002 go run .
package main

import (
	"log"

	"parley-bench/chat"

	"github.com/zishang520/socket.io/servers/socket/v3"
)

func main() {
	conversations := &chat.Conversations{}
	io := socket.NewServer(nil, nil)
	io.On("connection", func(clients ...any) {
		client := clients[0].(*socket.Socket)
		client.On("join_conversation", func(args ...any) {
			answer(args, join(client, conversations, payload(args)))
		})
		client.On("user_typing", func(args ...any) {
			answer(args, typing(client, payload(args)))
		})
	})
	log.Fatal(chat.Serve(conversations, io.ServeHandler(nil)))
}

func join(client *socket.Socket, conversations *chat.Conversations, p map[string]any) bool {
	id, _ := p["conversation_id"].(string)
	externalID, _ := p["external_id"].(string)
	if !conversations.Known(id, externalID) {
		return false
	}
	client.Join(room(id))
	return true
}

func typing(client *socket.Socket, p map[string]any) bool {
	id, _ := p["conversation_id"].(string)
	if !client.Rooms().Has(room(id)) {
		return false
	}
	client.To(room(id)).Emit("typing_indicator", map[string]any{"conversation_id": id, "sender_type": p["sender_type"]})
	return true
}

func room(conversationID string) socket.Room {
	return socket.Room("conv:" + conversationID)
}

func payload(args []any) map[string]any {
	if len(args) == 0 {
		return nil
	}
	p, _ := args[0].(map[string]any)
	return p
}

// answer acknowledges the event if the client requested an acknowledgement.
func answer(args []any, ok bool) {
	if len(args) == 0 {
		return
	}
	if ack, asked := args[len(args)-1].(socket.Ack); asked {
		ack([]any{map[string]any{"ok": ok}}, nil)
	}
}
