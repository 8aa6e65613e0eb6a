package socketio

import (
	"encoding/binary"
	"slices"

	"parley/handlers/socketio/engine"
)

// The kinds of messages between nodes.
const (
	remoteEmit = iota + 1
	remoteDisconnect
)

// The flags of a remote broadcast.
const (
	flagVolatile = 1 << iota
	flagSequenced
	flagExceptRoom // the last of the exceptions is a room
	flagDelayed
)

// remoteMessage is a message from one node to the others through the broker. Encoded it has one byte for the kind, one
// for the flags, the other fields with their lengths, and then the packets as WebSocket frames, which the receiving
// node sends without encoding them again.
type remoteMessage struct {
	node     string
	kind     byte
	flags    byte
	sequence uint64
	rooms    []string
	except   []string
	frames   []byte
}

func (m remoteMessage) encode() []byte {
	b := make([]byte, 0, 128+len(m.frames))
	b = append(b, m.kind, m.flags)
	b = appendString(b, m.node)
	b = binary.AppendUvarint(b, m.sequence)
	b = appendStrings(b, m.rooms)
	b = appendStrings(b, m.except)
	return append(b, m.frames...)
}

// decodeRemote decodes a message. It returns false if it is malformed, for example of another version.
func decodeRemote(b []byte) (m remoteMessage, ok bool) {
	if len(b) < 2 {
		return m, false
	}
	m.kind = b[0]
	m.flags = b[1]
	b = b[2:]
	var ok1, ok2, ok3, ok4 bool
	m.node, b, ok1 = cutString(b)
	m.sequence, b, ok2 = cutUvarint(b)
	m.rooms, b, ok3 = cutStrings(b)
	m.except, b, ok4 = cutStrings(b)
	m.frames = b
	return m, ok1 && ok2 && ok3 && ok4 && len(m.rooms) > 0
}

// publish sends the broadcast to the other nodes, on the channel of each of its rooms.
func (b *Broadcast) publish(broker Broker, m message) {
	r := remoteMessage{
		node:     b.namespace.server.node,
		kind:     remoteEmit,
		sequence: b.sequence,
		rooms:    append([]string{b.room}, b.rooms...),
	}
	if b.except != "" {
		r.except = append([]string{b.except}, b.alsoExcept...)
	}
	if b.exceptRoom != "" {
		r.flags |= flagExceptRoom
		r.except = append(r.except, b.exceptRoom)
	}
	if b.volatile {
		r.flags |= flagVolatile
	}
	if b.sequenced {
		r.flags |= flagSequenced
	}
	if b.delayed || b.namespace.server.alone() {
		r.flags |= flagDelayed
	}
	r.frames = m.packet.Frame()
	for _, p := range m.attachments {
		r.frames = append(slices.Clip(r.frames), p.Frame()...)
	}
	bytes := r.encode()
	for _, room := range r.rooms {
		broker.Publish(b.namespace.channel(room), bytes)
	}
}

// receive handles a message that arrived on the channel of a room.
func (n *Namespace) receive(room string, message []byte) {
	m, ok := decodeRemote(message)
	if !ok {
		n.server.options.Log.Error("socketio: malformed message from another node", "namespace", n.name)
		return
	}
	if m.node == n.server.node {
		return
	}
	switch m.kind {
	case remoteDisconnect:
		n.disconnectHere(room)
	case remoteEmit:
		if n.isFirstHere(room, m.rooms) {
			n.deliverRemote(m)
		}
	}
}

// isFirstHere reports whether a broadcast to several rooms is to be delivered: it arrives once for each room with
// members on this node, and is delivered for the first of them.
func (n *Namespace) isFirstHere(room string, rooms []string) bool {
	for _, name := range rooms {
		if name == room {
			return true
		}
		if n.room(name) != nil {
			return false
		}
	}
	return false
}

func (n *Namespace) deliverRemote(m remoteMessage) {
	packets, err := engine.ParsePackets(m.frames)
	if err != nil || len(packets) == 0 {
		n.server.options.Log.Error("socketio: malformed packet from another node", "namespace", n.name)
		return
	}
	b := Broadcast{
		namespace: n,
		room:      m.rooms[0],
		rooms:     m.rooms[1:],
		sequence:  m.sequence,
		volatile:  m.flags&flagVolatile != 0,
		sequenced: m.flags&flagSequenced != 0,
		delayed:   m.flags&flagDelayed != 0,
	}
	if last := len(m.except) - 1; last >= 0 && m.flags&flagExceptRoom != 0 {
		b.exceptRoom, m.except = m.except[last], m.except[:last]
	}
	if len(m.except) > 0 {
		b.except, b.alsoExcept = m.except[0], m.except[1:]
	}
	b.deliver(message{packet: packets[0], attachments: packets[1:]})
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendString(b, s)
	}
	return b
}

func cutUvarint(b []byte) (uint64, []byte, bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, false
	}
	return n, b[size:], true
}

func cutString(b []byte) (string, []byte, bool) {
	n, b, ok := cutUvarint(b)
	if !ok || n > uint64(len(b)) {
		return "", nil, false
	}
	return string(b[:n]), b[n:], true
}

func cutStrings(b []byte) (list []string, rest []byte, ok bool) {
	n, b, ok := cutUvarint(b)
	if !ok || n > uint64(len(b)) {
		return nil, nil, false
	}
	for range n {
		var s string
		if s, b, ok = cutString(b); !ok {
			return nil, nil, false
		}
		list = append(list, s)
	}
	return list, b, true
}
