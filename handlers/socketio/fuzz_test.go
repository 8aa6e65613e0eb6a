package socketio

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// An element of two bytes takes 24 bytes of memory.
func TestSplitArray_stopsAfterItsLimit(t *testing.T) {
	array := []byte("[1" + strings.Repeat(",1", 30_000) + "]")
	if elements := splitArray(array, 10); len(elements) <= 10 || cap(elements) > 20 {
		t.Errorf("%d elements, room for %d", len(elements), cap(elements))
	}
}

// A decoded packet has valid JSON arguments, which together with its name are the array that was sent.
func FuzzDecodePacket(f *testing.F) {
	for _, seed := range []string{
		"0", `0{"token":"x"}`, "0/admin,", "1", "1/admin,", `2["a",1,{"b":[null,"]"]}]`, `2/admin,12["a"]`, `312[]`,
		`3/admin,0[{"ok":true}]`,
		`51-["a",{"_placeholder":true,"num":0}]`, `62-/admin,7[1,2]`, `2["\"\\",",",[],{}]`, "2[ 1 , 2 ]", "9", "",
		"2abc[1]", `2["connect"]`,
	} {
		f.Add([]byte(seed))
	}
	options := Options{MaxAttachments: 10, MaxArguments: 5}
	options.setDefaults()
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := options.decodePacket(bytes.Clone(text), false)
		if err != nil {
			return
		}
		if p.attachments < 0 || p.attachments > 10 || len(p.args) > 6 || len(p.namespace) > 64 {
			t.Fatalf("%d attachments, %d arguments, namespace %q", p.attachments, len(p.args), p.namespace)
		}
		if p.args == nil {
			return
		}
		var want []json.RawMessage
		if err := json.Unmarshal(p.data, &want); err != nil {
			t.Fatalf("%q: %v", p.data, err)
		}
		if len(want) != len(p.args) {
			t.Fatalf("%q has %d elements, not %d", p.data, len(want), len(p.args))
		}
		for i := range want {
			if !bytes.Equal(bytes.TrimSpace(want[i]), p.args[i]) {
				t.Fatalf("element %d of %q is %q, not %q", i, p.data, want[i], p.args[i])
			}
		}
		if p.kind == typeEvent || p.kind == typeBinaryEvent {
			eventName(p.args[0], nil)
		}
	})
}

// Decoding a message from another node never panics, and a decoded message can be encoded again.
func FuzzDecodeRemote(f *testing.F) {
	f.Add([]byte{})
	f.Add(remoteMessage{
		node:     "n",
		kind:     remoteEmit,
		flags:    flagSequenced,
		sequence: 300,
		rooms:    []string{"a", "b"},
		except:   []string{"x"},
		frames:   []byte("\x81\x012"),
	}.encode())
	f.Add(remoteMessage{node: "n", kind: remoteDisconnect, rooms: []string{""}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		m, ok := decodeRemote(b)
		if !ok {
			return
		}
		again, ok := decodeRemote(m.encode())
		if !ok || again.node != m.node || again.sequence != m.sequence || len(again.rooms) != len(m.rooms) ||
			!bytes.Equal(again.frames, m.frames) {
			t.Fatalf("%+v became %+v", m, again)
		}
	})
}
