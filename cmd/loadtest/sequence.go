package main

// A sequence checks numbers that should arrive in rising order. It is not safe for concurrent use.
type sequence struct {
	highest int64
}

// add reports whether the number is in order: no higher one has arrived before it.
func (s *sequence) add(number int64) bool {
	inOrder := number >= s.highest
	s.highest = max(s.highest, number)
	return inOrder
}
