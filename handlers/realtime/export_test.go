package realtime

// LimitEndUsers counts the events of end users, and lets those of one address join only so many conversations. Call it
// before the first socket connects.
func (s *Server) LimitEndUsers(joined int) { s.limitEndUsers, s.maxOfAddress = true, joined }

// Joined counts the addresses that have joined a conversation.
func (s *Server) Joined() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.joinedFrom)
}
