package link

import (
	"bytes"
	"math/rand/v2"
	"time"
)

// A piece is data on its way. The last one, without data, is the end of the connection.
type piece struct {
	data []byte
	due  time.Time
}

// pump carries what one end sends to the other.
func (p *pair) pump(from End) {
	pieces := make(chan piece, 16)
	p.link.running.Go(func() { p.deliver(from, pieces) })
	defer close(pieces)
	buffer := make([]byte, 16<<10)
	var due time.Time
	for {
		n, err := p.ends[from].Read(buffer)
		weather, _ := p.link.now()
		wait := weather.Delay
		if weather.Jitter > 0 {
			wait += rand.N(weather.Jitter)
		}
		if at := time.Now().Add(wait); at.After(due) {
			due = at // never before the piece ahead of it
		}
		if from == Near {
			p.note(buffer[:n])
		}
		if n > 0 && !p.left(from) {
			select {
			case pieces <- piece{bytes.Clone(buffer[:n]), due}:
			case <-p.ended:
				return
			}
		}
		if err == nil {
			continue
		}
		if p.left(1 - from) {
			return // this end is gone, and the other does not know
		}
		select {
		case pieces <- piece{nil, due}:
		case <-p.ended:
		}
		return
	}
}

func (p *pair) deliver(from End, pieces <-chan piece) {
	for next := range pieces {
		if !p.waitUntil(next.due) {
			return
		}
		sent, lost := p.link.hooks()
		last := next.data == nil
		if from == Near && sent != nil && !last {
			sent(next.data)
		}
		if !p.waitForLeave(from) {
			return
		}
		if last {
			p.over()
			return
		}
		if from == Far && lost != nil && lost(next.data) || !p.write(1-from, next.data) {
			p.end()
			return
		}
	}
}

func (p *pair) waitUntil(due time.Time) bool {
	if wait := time.Until(due); wait > 0 {
		select {
		case <-time.After(wait):
		case <-p.ended:
			return false
		}
	}
	return true
}

// waitForLeave waits until what an end sends may pass.
func (p *pair) waitForLeave(from End) bool {
	for {
		weather, changed := p.link.now()
		if from == Near && !weather.BlockOut || from == Far && !weather.BlockIn {
			return true
		}
		select {
		case <-changed:
		case <-p.ended:
			return false
		}
	}
}

// write writes data at the link's rate, in ten parts a second.
func (p *pair) write(to End, data []byte) bool {
	for len(data) > 0 {
		weather, _ := p.link.now()
		size := len(data)
		if weather.Rate > 0 {
			size = min(size, max(weather.Rate/10, 1))
		}
		if _, err := p.ends[to].Write(data[:size]); err != nil {
			return p.left(1 - to)
		}
		data = data[size:]
		if weather.Rate > 0 {
			took := time.Second * time.Duration(size) / time.Duration(weather.Rate)
			if !p.waitUntil(time.Now().Add(took)) {
				return false
			}
		}
	}
	return true
}
