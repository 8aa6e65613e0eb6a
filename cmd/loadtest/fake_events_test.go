package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// handle answers one packet.
func (f *fakeServer) handle(c *fakeClient, packet string) {
	if packet == "40" {
		if f.ignore.Add(-1) >= 0 {
			return
		}
		c.out <- "2"
		c.out <- `40{"sid":"x"}`
		return
	}
	bracket := strings.IndexByte(packet, '[')
	if packet == malformedEvent {
		f.malformed()
	}
	if !strings.HasPrefix(packet, "42") || bracket < 0 {
		return
	}
	var parts []json.RawMessage
	var event string
	var payload struct {
		fakeMessage
		ConversationID string `json:"conversation_id"`
	}
	json.Unmarshal([]byte(packet[bracket:]), &parts)
	json.Unmarshal(parts[0], &event)
	json.Unmarshal(parts[1], &payload)
	f.mu.Lock()
	defer f.mu.Unlock()
	answer := map[string]any{"ok": true}
	switch {
	case !strings.HasPrefix(payload.ConversationID, "c-"), event == "claim_conversation" && !c.agent:
		answer = map[string]any{"ok": false, "error": "not_found", "message": "No such conversation."}
	case event == "join_conversation", event == "claim_conversation":
		f.members[c] = payload.ConversationID
	case event == "send_message":
		answer = f.send(payload.ConversationID, payload.fakeMessage)
	case event == "user_typing":
		if f.typed++; f.loseTyping == 0 || f.typed%f.loseTyping != 0 {
			f.broadcast(payload.ConversationID, c, `42["typing_indicator",{"sender_type":"end_user"}]`)
		}
	}
	if id := packet[2:bracket]; id != "" {
		body, _ := json.Marshal([]any{answer})
		f.acknowledge(c, id, "43"+id+string(body))
	}
}

func (f *fakeServer) acknowledge(c *fakeClient, id, packet string) {
	if id == f.holdAck {
		f.heldAck = packet
		return
	}
	c.out <- packet
	if f.heldAck != "" {
		c.out <- f.heldAck
		f.heldAck = ""
	}
}

func (f *fakeServer) broadcast(conversation string, except *fakeClient, packet string) {
	for member, joined := range f.members {
		if joined == conversation && member != except {
			member.out <- packet
		}
	}
}

func (f *fakeServer) send(conversation string, m fakeMessage) map[string]any {
	if known, found := f.known[m.ClientID]; found && m.ClientID != "" && !f.takeRepeats {
		return map[string]any{"ok": true, "message": known, "duplicate": true}
	}
	m.Seq = int64(len(f.stored) + 1)
	f.known[m.ClientID] = m
	if f.forget == m.Seq {
		f.forget = 0
		return map[string]any{"ok": true, "message": m}
	}
	f.stored = append(f.stored, m)
	for _, heard := range f.deliver(m) {
		body, _ := json.Marshal(heard)
		f.broadcast(conversation, nil, fmt.Sprintf(`42["message_received",%s]`, body))
	}
	return map[string]any{"ok": true, "message": m}
}
