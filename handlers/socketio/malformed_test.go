package socketio_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"parley/handlers/socketio"
)

func frame(f ws.Frame) []byte {
	b, _ := ws.CompileFrame(f)
	return b
}

func masked(f ws.Frame) []byte { return frame(ws.MaskFrame(f)) }

func text(packet string) []byte { return masked(ws.NewTextFrame([]byte(packet))) }

// A malformed packet closes the connection that sent it, and no other.
func TestMalformed_closesThatConnectionOnly(t *testing.T) {
	w := newWorld(t, socketio.Options{MaxPacket: 1000, MaxPayload: 1000, MaxAttachments: 2}, fence)
	bystander := w.join()
	for name, bytes := range map[string][]byte{
		"no packet type":           text(""),
		"unknown engine packet":    text("9"),
		"ping from the client":     text("2"),
		"message without packet":   text("4"),
		"unknown packet":           text("4x"),
		"packet type too high":     text("47"),
		"event without data":       text("42"),
		"event of an object":       text("42{}"),
		"event without name":       text("42[]"),
		"event named by an object": text("42[{}]"),
		"event named by null":      text("42[null]"),
		"reserved event":           text(`42["connect"]`),
		"broken JSON":              text(`42["a",`),
		"JSON and more":            text(`42["a"]x`),
		"bad ack id":               text(`42abc["a"]`),
		"huge ack id":              text(`4299999999999999999999["a"]`),
		"long ack id":              text("42" + strings.Repeat("0", 17) + `["a"]`),
		"many acknowledged values": text("431[1" + strings.Repeat(",1", 64) + "]"),
		"long acknowledgement":     text(`431["` + strings.Repeat("x", 1000) + `"]`),
		"ack without id":           text(`43["a"]`),
		"second CONNECT":           text("40"),
		"CONNECT_ERROR":            text(`44{"message":"x"}`),
		"CONNECT with an array":    text("40/x,[]"),
		"DISCONNECT with data":     text("41{}"),
		"unjoined namespace":       text(`42/admin,["a"]`),
		"attachments uncounted":    text(`45["a"]`),
		"too many attachments":     text(`453-["a"]`),
		"text for an attachment":   append(text(`451-["a"]`), text(`42["b"]`)...),
		"attachment unannounced":   masked(ws.NewBinaryFrame([]byte{1})),
		"attachments too long": append(append(text(`452-["a"]`), masked(ws.NewBinaryFrame(make([]byte, 800)))...),
			masked(ws.NewBinaryFrame(make([]byte, 800)))...),
		"not UTF-8":               text("42[\"a\",\"\xff\"]"),
		"frame without mask":      frame(ws.NewTextFrame([]byte("3"))),
		"reserved bit":            {0xc1, 0x80, 0, 0, 0, 0},
		"unknown opcode":          {0x83, 0x80, 0, 0, 0, 0},
		"unknown control opcode":  {0x8b, 0x80, 0, 0, 0, 0},
		"fragmented ping":         {0x09, 0x80, 0, 0, 0, 0},
		"long ping":               masked(ws.NewFrame(ws.OpPing, true, make([]byte, 126))),
		"continuation of nothing": masked(ws.NewFrame(ws.OpContinuation, true, []byte("3"))),
		"two messages at once":    append(masked(ws.NewFrame(ws.OpText, false, []byte("4"))), text("3")...),
		"event too long":          text(`42["a","` + strings.Repeat("x", 1000) + `"]`),
		"CONNECT too long":        text(`40/x,{"a":"` + strings.Repeat("x", 1000) + `"}`),
		"message too long":        text("4" + strings.Repeat("x", 1<<20)),
		"fragments too long": append(masked(ws.NewFrame(ws.OpText, false, make([]byte, 600))),
			masked(ws.NewFrame(ws.OpContinuation, true, make([]byte, 600)))...),
		"length of 2^63": {0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"length of 2^62": {0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := w.join()
			p.conn.Write(bytes)
			wait(t, p.closed, "the connection's end")
			bystander.expectNothing()
		})
	}
}

func TestMalformed_theCloseCodeTellsTheReason(t *testing.T) {
	w := newWorld(t, socketio.Options{MaxPacket: 1000}, nil)
	for _, c := range []struct {
		name  string
		bytes []byte
		code  ws.StatusCode
	}{
		{"packet too long", text("42" + strings.Repeat("x", 1000)), ws.StatusMessageTooBig},
		{"frame too long", text("4" + strings.Repeat("x", 1<<20)), ws.StatusMessageTooBig},
		{"not UTF-8", text("4\xff"), ws.StatusInvalidFramePayloadData},
		{"no mask", frame(ws.NewTextFrame([]byte("3"))), ws.StatusProtocolError},
	} {
		p := w.join()
		p.conn.Write(c.bytes)
		wait(t, p.closed, "the connection's end")
		if p.code != c.code {
			t.Errorf("%s: code %d, want %d", c.name, p.code, c.code)
		}
	}
}

func TestWebSocket_controlFramesAndFragments(t *testing.T) {
	w := newWorld(t, socketio.Options{MaxPacket: 1 << 20}, echo)
	p := w.join()
	p.conn.Write(masked(ws.NewFrame(ws.OpText, false, []byte(`42["echo",`))))
	p.conn.Write(masked(ws.NewPingFrame([]byte("between")))) // the peer drops the pong
	p.conn.Write(masked(ws.NewFrame(ws.OpContinuation, false, []byte(`"in `))))
	p.conn.Write(masked(ws.NewFrame(ws.OpContinuation, true, []byte(`parts"]`))))
	p.expect(`42["echo","in parts"]`)
	big := `"` + strings.Repeat("x", 300_000) + `"`
	p.send(`42["echo",` + big + `]`)
	p.expect(`42["echo",` + big + `]`)
	wsutil.WriteClientMessage(p.conn, ws.OpClose, ws.NewCloseFrameBody(ws.StatusNormalClosure, ""))
	p.expectClosed()
	if p.code != ws.StatusNormalClosure {
		t.Errorf("code %d", p.code)
	}
}

func TestMalformed_polling(t *testing.T) {
	w := newWorld(t, socketio.Options{MaxPayload: 1000}, nil)
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"empty":              {"", http.StatusBadRequest},
		"unknown packet":     {"abc", http.StatusBadRequest},
		"empty packet":       {"40\x1e", http.StatusBadRequest},
		"base64 that is not": {"b*", http.StatusBadRequest},
		"not UTF-8":          {"4\xff", http.StatusBadRequest},
		"too long":           {strings.Repeat("x", 1001), http.StatusRequestEntityTooLarge},
	} {
		s := w.openPolling()
		if status, body := s.post(c.body); status != c.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
		if status, _ := w.get("transport=polling&sid=" + s.sid); status != http.StatusBadRequest {
			t.Errorf("%s: the session lives on: %d", name, status)
		}
	}
}
