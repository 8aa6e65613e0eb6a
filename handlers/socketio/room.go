package socketio

import (
	"slices"
	"sync"
)

// room is the set of this node's sockets that have joined it. It exists as long as it has members, and so does its
// subscription at the broker.
type room struct {
	namespace *Namespace
	name      string

	mu      sync.Mutex
	members []*Socket
	shared  bool // a snapshot of members is in use: change a copy
	order   *sequencer

	subscription *subscription // nil without a broker; never changes
}

// room returns a room, or nil if it has no members on this node.
func (n *Namespace) room(name string) *room {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.rooms[name]
}

// enter adds a socket to a room, and creates the room for its first member.
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
	// A snapshot has its own length, so that appending does not change it.
	r.members = append(r.members, s)
	return r
}

// leave removes a socket from a room, and deletes the room with its last member.
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

// snapshot returns the current members. The slice must not be changed.
func (r *room) snapshot() []*Socket {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shared = true
	return r.members
}

// deliver sends to every member, without holding the room's lock.
func (r *room) deliver(d delivery) {
	for _, s := range r.snapshot() {
		d.sendTo(s)
	}
}

// sequencer returns the room's sequencer, and creates it first if needed.
func (r *room) sequencer() *sequencer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.order == nil {
		r.order = &sequencer{room: r}
	}
	return r.order
}

// roomSet is the rooms of a socket: a slice, and an index once the slice is long.
type roomSet struct {
	list  []*room
	index map[string]int
}

// indexFrom is the length above which searching the slice costs more than a map.
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
