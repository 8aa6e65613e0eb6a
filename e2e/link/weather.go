package link

import "time"

// Weather is how a link treats what passes. The zero value passes everything at once.
type Weather struct {
	Delay    time.Duration // of every piece, in each direction
	Jitter   time.Duration // the most that is added to Delay
	Rate     int           // bytes a second in each direction; 0: no limit
	BlockOut bool          // what the near end sends is held back
	BlockIn  bool          // what the near end would receive is held back
}

// Set changes the weather, also for the connections that exist.
func (l *Link) Set(weather Weather) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.weather = weather
	close(l.changed)
	l.changed = make(chan struct{})
}

// Hang holds back everything, like a server that is frozen.
func (l *Link) Hang() { l.Set(Weather{BlockOut: true, BlockIn: true}) }

// HangAnswers holds back what the far end sends. The far end gets what it is sent.
func (l *Link) HangAnswers() { l.Set(Weather{BlockIn: true}) }

// Resume passes everything again, also what was held back.
func (l *Link) Resume() { l.Set(Weather{}) }

func (l *Link) now() (Weather, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.weather, l.changed
}
