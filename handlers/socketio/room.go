package socketio

import (
	"slices"
	"sync"
)

// room is the sockets of one node that share a name. It exists as long as it has a member, and so does its
// subscription at the broker.
type room struct {
	namespace *Namespace
	name      string

	mu      sync.Mutex
	members []*Socket
	shared  bool // somebody reads members: change a copy
	order   *sequencer

	subscription *subscription // nil without a broker; set at birth
}

// room returns the room of that name; nil when it has no member on this node.
func (n *Namespace) room(name string) *room {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.rooms[name]
}

// enter makes a socket a member, and the room if need be.
func (n *Namespace) enter(name string, s *Socket) *room {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.rooms[name]
	if r == nil {
		r = &room{namespace: n, name: name}
		if n.server.options.Broker != nil {
			r.subscription = &subscription{active: make(chan struct{})}
		}
		n.rooms[name] = r
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// Appending never disturbs a reader: it looks no further than its own length.
	r.members = append(r.members, s)
	return r
}

// leave ends a membership, and the room with the last one.
func (n *Namespace) leave(r *room, s *Socket) {
	if r.remove(s) && r.subscription != nil {
		r.subscription.end()
	}
}

func (r *room) remove(s *Socket) (emptied bool) {
	r.namespace.mu.Lock()
	defer r.namespace.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.Index(r.members, s)
	if i < 0 {
		return false
	}
	if r.shared {
		r.members, r.shared = slices.Clone(r.members), false
	}
	last := len(r.members) - 1
	r.members[i] = r.members[last]
	r.members[last] = nil
	r.members = r.members[:last]
	if last > 0 {
		return false
	}
	delete(r.namespace.rooms, r.name)
	if r.order != nil {
		r.order.stop()
	}
	return true
}

// snapshot returns the members as of now; the slice must not be changed.
func (r *room) snapshot() []*Socket {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shared = true
	return r.members
}

// deliver sends to every member; no lock of the room is held meanwhile.
func (r *room) deliver(d delivery) {
	for _, s := range r.snapshot() {
		d.sendTo(s)
	}
}

// sequencer returns what keeps the room's numbered packets in order.
func (r *room) sequencer() *sequencer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.order == nil {
		r.order = &sequencer{room: r}
	}
	return r.order
}

// roomSet is the rooms of a socket: a short slice, as nearly all are, with an index once it has grown.
type roomSet struct {
	list  []*room
	index map[string]int
}

// indexFrom is the size from which searching the slice costs more than a map.
const indexFrom = 8

func (s *roomSet) find(name string) int {
	if s.index != nil {
		if i, ok := s.index[name]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(s.list, func(r *room) bool { return r.name == name })
}

func (s *roomSet) add(r *room) {
	s.list = append(s.list, r)
	switch {
	case s.index != nil:
		s.index[r.name] = len(s.list) - 1
	case len(s.list) > indexFrom:
		s.index = make(map[string]int, 2*len(s.list))
		for i, r := range s.list {
			s.index[r.name] = i
		}
	}
}

// removeAt removes the room that find found.
func (s *roomSet) removeAt(i int) *room {
	r, last := s.list[i], len(s.list)-1
	s.list[i] = s.list[last]
	s.list[last] = nil
	s.list = s.list[:last]
	if s.index != nil {
		if i < last {
			s.index[s.list[i].name] = i
		}
		delete(s.index, r.name)
	}
	return r
}
