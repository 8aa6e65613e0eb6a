package socketio

// Join makes the socket a member of a room; joining twice is joining once. With a broker it waits until broadcasts of
// other nodes arrive, up to half a second, and not at all while the broker is known to be down: the socket is a member
// either way, of this node's room at once. It returns ErrDisconnected or ErrTooManyRooms, and is no member then.
func (s *Socket) Join(room string) error {
	_, err := s.join(room)
	return err
}

// JoinAt is Join for a room with numbered packets, of which the socket knows those up to sequence: if this node has met
// none of the room's numbers yet, it expects sequence+1 next. See Broadcast.Sequence.
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

// LimitRooms sets how many rooms this socket may be in, in place of Options.MaxRooms: fewer for a client that is not
// trusted. Rooms that it is in already stay.
func (s *Socket) LimitRooms(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = n
}

// maxRooms returns the limit. Call with mu held.
func (s *Socket) maxRooms() int {
	if s.limit > 0 {
		return s.limit
	}
	return s.namespace.server.options.MaxRooms
}

// Leave ends the membership in a room.
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

// Rooms are the rooms that the socket is in.
func (s *Socket) Rooms() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, len(s.rooms.list))
	for i, r := range s.rooms.list {
		names[i] = r.name
	}
	return names
}

// In tells whether the socket is in a room.
func (s *Socket) In(room string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rooms.find(room) >= 0
}

// To addresses everyone in a room but this socket.
func (s *Socket) To(room string) Broadcast {
	return Broadcast{namespace: s.namespace, room: room, except: s.id}
}
