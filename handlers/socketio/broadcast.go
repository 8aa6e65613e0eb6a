package socketio

import "slices"

// Broadcast is an event to the sockets in one or more rooms. It is a value: each method returns a changed copy, and
// Emit sends.
type Broadcast struct {
	namespace  *Namespace
	room       string
	rooms      []string // more rooms
	except     string
	alsoExcept []string
	exceptRoom string
	volatile   bool
	local      bool
	sequenced  bool
	sequence   uint64
	after      bool // sequence is that of After
	delayed    bool // see Late; also from a node that could not send it at once
}

// To adds a room. A socket in several of the rooms gets the event once.
func (b Broadcast) To(room string) Broadcast {
	b.rooms = append(slices.Clip(b.rooms), room)
	return b
}

// In is the same as To.
func (b Broadcast) In(room string) Broadcast { return b.To(room) }

// Except excludes a socket, by its id.
func (b Broadcast) Except(socketID string) Broadcast {
	if b.except == "" {
		b.except = socketID
	} else {
		b.alsoExcept = append(slices.Clip(b.alsoExcept), socketID)
	}
	return b
}

// ExceptRoom leaves out the sockets in a room, on each node those that are in it when the packet gets there. It takes
// one room, and not together with Sequence.
func (b Broadcast) ExceptRoom(room string) Broadcast {
	b.exceptRoom = room
	return b
}

// Volatile excludes connections that lag behind, see Options.MaxQueuePackets. Use it for events that soon are out of
// date.
func (b Broadcast) Volatile() Broadcast {
	b.volatile = true
	return b
}

// Local excludes the sockets of other nodes.
func (b Broadcast) Local() Broadcast {
	b.local = true
	return b
}

// Sequence numbers the event within its room. The broadcast must have one room. Each node delivers the numbered events
// of a room in order, also when they come from different nodes. An event that arrives early waits up to
// Options.HoldBack for those before it. An event that arrives after its successors is delivered at once, unless its
// node had to keep it while the broker was down: then clients have seen the gap and fetched it. A node begins
// with the first number that it sees, or with that of Socket.JoinAt. Without a broker no event waits: emit them in
// order.
func (b Broadcast) Sequence(n uint64) Broadcast {
	b.sequenced, b.sequence = true, n
	return b
}

// Late marks a numbered event that may have been sent before. A node that has delivered it or later ones leaves it out.
func (b Broadcast) Late() Broadcast {
	b.delayed = true
	return b
}

// After delivers the event after the numbered events up to n that this node has, and waits for the others no longer.
// Use it to let the room know that there are events up to n. The broadcast must have one room, and be Local.
func (b Broadcast) After(n uint64) Broadcast {
	b.after, b.sequence = true, n
	return b
}

// Emit sends an event. Arguments are encoded with encoding/json, except Binary, and json.RawMessage, which is sent
// unchecked. It does not wait for any client. The error is one of encoding/json.
func (b Broadcast) Emit(event string, args ...any) error {
	broker := b.namespace.server.options.Broker
	if b.local {
		broker = nil
	}
	if broker == nil && !b.reachesAnyone() {
		return nil
	}
	m, err := encodeEvent(b.namespace, noID, event, args)
	if err != nil {
		return err
	}
	b.deliver(m)
	if broker != nil {
		b.publish(broker, m)
	}
	return nil
}

func (b *Broadcast) reachesAnyone() bool {
	if b.namespace.room(b.room) != nil {
		return true
	}
	return slices.ContainsFunc(b.rooms, func(room string) bool { return b.namespace.room(room) != nil })
}

// deliver sends the message to the sockets of this node.
func (b *Broadcast) deliver(m message) {
	d := delivery{
		message:    m,
		volatile:   b.volatile,
		except:     b.except,
		alsoExcept: b.alsoExcept,
		delayed:    b.delayed,
	}
	if len(b.rooms) > 0 || b.exceptRoom != "" {
		b.deliverOnce(d)
		return
	}
	r := b.namespace.room(b.room)
	switch {
	case r == nil:
	case b.sequenced:
		r.sequencer().deliver(b.sequence, d)
	case b.after:
		r.sequencer().deliverAfter(b.sequence, d)
	default:
		r.deliver(d)
	}
}

// deliverOnce sends to each member of the rooms once, and not to the members of exceptRoom.
func (b *Broadcast) deliverOnce(d delivery) {
	reached := map[*Socket]bool{}
	if b.exceptRoom != "" {
		for _, s := range b.namespace.Sockets(b.exceptRoom) {
			reached[s] = true
		}
	}
	for _, name := range append([]string{b.room}, b.rooms...) {
		for _, s := range b.namespace.Sockets(name) {
			if !reached[s] {
				reached[s] = true
				d.sendTo(s)
			}
		}
	}
}

// delivery is a message on its way to the members of a room.
type delivery struct {
	message
	volatile   bool
	except     string
	alsoExcept []string
	delayed    bool
}

func (d *delivery) sendTo(s *Socket) {
	if d.except == s.id || slices.Contains(d.alsoExcept, s.id) || !s.Connected() {
		return
	}
	d.message.sendTo(s.client.conn, d.volatile)
}
