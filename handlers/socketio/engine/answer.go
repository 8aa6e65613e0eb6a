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

// payload returns how many packets the next answer of long-polling has, and its size without the separators.
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

// answer is the body of a poll's answer. As a stream it learns when fasthttp has written it: until then its bytes are
// charged to the connection, and no other answer takes what is queued.
type answer struct {
	conn    *Conn
	wire    net.Conn
	body    []byte
	charged int
	timeout time.Duration // of the write; 0: none
}

// SupportsBodyWriteTo makes fasthttp call WriteTo.
func (a *answer) SupportsBodyWriteTo() bool { return true }

// Read is never called, since there is WriteTo.
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

// start sets the deadline of the write; false means that the connection was dropped before.
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

// Close implements io.Closer: fasthttp has written the answer, or failed to.
func (a *answer) Close() error {
	c := a.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if a.charged > 0 {
		c.chargeLocked(-a.charged)
		a.charged = 0
		c.answer = nil
		c.wakeWriter() // a poll that has come since
	}
	return nil
}

// cutAnswer ends the writing of an answer that its client does not read. Call with mu held.
func (c *Conn) cutAnswer() {
	if c.answer != nil {
		c.answer.SetWriteDeadline(aLongTimeAgo)
		c.answer = nil
	}
}
