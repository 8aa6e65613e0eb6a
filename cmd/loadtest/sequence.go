package main

// A sequence looks at numbers that should arrive in rising order. One goroutine uses it.
type sequence struct {
	highest int64
}

// add reports whether the number is in order: nothing higher has arrived before it.
func (s *sequence) add(number int64) bool {
	inOrder := number >= s.highest
	s.highest = max(s.highest, number)
	return inOrder
}
