package engine

import (
	"bytes"
	"errors"
	"io"
	"net"
	"time"
)

// maxAnswerPackets is how many packets the answer to a poll has at most: python-engineio disconnects above that.
const maxAnswerPackets = 16

// payload returns the number of packets in the next answer to a poll, and an upper bound of its size.
func (q *queue) payload(limit int) (packets, size int) {
	for _, p := range q.packets[q.head:] {
		next := size + p.pollingSize() + 1
		if packets == maxAnswerPackets || packets > 0 && next > limit {
			break
		}
		packets, size = packets+1, next
	}
	return packets, size
}

// answer is the body of the answer to a poll. It is a stream so that fasthttp calls Close when it is written. Until
// then its bytes are charged to the connection, and no other answer is sent.
type answer struct {
	conn    *Conn
	wire    net.Conn
	body    []byte
	charged int
	timeout time.Duration // of the write; 0: none
}

// SupportsBodyWriteTo makes fasthttp call WriteTo.
func (a *answer) SupportsBodyWriteTo() bool { return true }

// Read is never called, because of SupportsBodyWriteTo.
func (a *answer) Read([]byte) (int, error) {
	return 0, errors.New("engine: answer is written, not read")
}

// WriteTo writes all of the body to the network, with a deadline.
func (a *answer) WriteTo(w io.Writer) (int64, error) {
	if !a.start() {
		return 0, net.ErrClosed
	}
	if a.timeout > 0 {
		defer a.wire.SetWriteDeadline(noDeadline)
	}
	n, err := bytes.NewReader(a.body).WriteTo(w)
	if buffered, ok := w.(interface{ Flush() error }); ok && err == nil {
		err = buffered.Flush()
	}
	return n, err
}

// start sets the deadline of the write. It returns false if the connection was dropped.
func (a *answer) start() bool {
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	if a.charged > 0 && a.conn.answer != a.wire {
		return false
	}
	if a.timeout > 0 {
		a.wire.SetWriteDeadline(time.Now().Add(a.timeout))
	}
	return true
}

// Close implements io.Closer. fasthttp calls it when it has written the answer, or failed.
func (a *answer) Close() error {
	c := a.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.charged > 0 {
		c.chargeLocked(-a.charged)
		a.charged = 0
		c.answer = nil
		c.wakeWriter() // for a poll that has arrived since
	}
	return nil
}

// cutAnswer ends the writing of an answer that the client does not read. Call with mu locked.
func (c *Conn) cutAnswer() {
	if c.answer != nil {
		c.answer.SetWriteDeadline(aLongTimeAgo)
		c.answer = nil
	}
}
