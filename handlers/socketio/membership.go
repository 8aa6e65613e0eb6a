package socketio

// Join adds the socket to a room. Joining again changes nothing. With a broker it waits until the node receives the
// room's broadcasts from other nodes: up to half a second, and not while the broker is known to be down. The socket
// joins on this node in any case. After ErrDisconnected or ErrTooManyRooms it has not joined.
func (s *Socket) Join(room string) error {
	_, err := s.join(room)
	return err
}

// JoinAt is Join for a room with numbered events, see Broadcast.Sequence. The client knows the events up to sequence:
// if this node has seen no number of the room, it expects sequence+1 next.
func (s *Socket) JoinAt(room string, sequence uint64) error {
	r, err := s.join(room)
	if err == nil {
		r.sequencer().begin(sequence + 1)
	}
	return err
}

func (s *Socket) join(name string) (*room, error) {
	r, err := s.enter(name)
	if err != nil {
		return nil, err
	}
	if r.subscription != nil {
		r.subscription.await(r)
	}
	return r, nil
}

func (s *Socket) enter(name string) (*room, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.rooms.find(name); i >= 0 {
		return s.rooms.list[i], nil
	}
	if s.state.Load() == stateDisconnected {
		return nil, ErrDisconnected
	}
	if len(s.rooms.list) >= s.maxRooms() {
		return nil, ErrTooManyRooms
	}
	r := s.namespace.enter(name, s)
	s.rooms.add(r)
	return r, nil
}

// LimitRooms replaces Options.MaxRooms for this socket: with less for a client that you trust less. The socket does not
// leave rooms that it has joined.
func (s *Socket) LimitRooms(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = n
}

// maxRooms returns the limit. Call with mu locked.
func (s *Socket) maxRooms() int {
	if s.limit > 0 {
		return s.limit
	}
	return s.namespace.server.options.MaxRooms
}

// Leave removes the socket from a room.
func (s *Socket) Leave(room string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := s.rooms.find(room); i >= 0 {
		s.namespace.leave(s.rooms.removeAt(i), s)
	}
}

func (s *Socket) leaveAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rooms.list {
		s.namespace.leave(r, s)
	}
	s.rooms = roomSet{}
}

// Rooms returns the names of the socket's rooms.
func (s *Socket) Rooms() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, len(s.rooms.list))
	for i, r := range s.rooms.list {
		names[i] = r.name
	}
	return names
}

// In reports whether the socket is in a room.
func (s *Socket) In(room string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms.find(room) >= 0
}

// To returns a broadcast to all sockets in a room except this one.
func (s *Socket) To(room string) Broadcast {
	return Broadcast{namespace: s.namespace, room: room, except: s.id}
}
