package engine

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// receive handles a packet: a message that begins with its type, unless it is binary. It returns false if the
// connection is closed.
func (c *Conn) receive(packet Message) bool {
	c.inbound.Lock()
	defer c.inbound.Unlock()
	if c.closed.Load() {
		return false
	}
	if packet.Binary {
		return c.deliver(packet)
	}
	if len(packet.Data) == 0 {
		c.close(ReasonParseError, closeNormal)
		return false
	}
	switch packet.Data[0] {
	case typeMessage:
		packet.Data = packet.Data[1:]
		return c.deliver(packet)
	case typePong:
		c.server.beats.pong(c)
	case typeClose:
		c.closedByClient()
	case typeUpgrade, typeNoop:
	default: // also a ping: in protocol 4 the server pings
		c.close(ReasonParseError, closeNormal)
	}
	return !c.closed.Load()
}

// deliver passes a message to the receiver. It recovers from a panic and closes the connection.
func (c *Conn) deliver(m Message) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			c.server.options.Log.Error("engine: panic in a receiver", "type", fmt.Sprintf("%T", p), "stack",
				string(debug.Stack()))
			c.close(ReasonParseError, closeNormal)
			ok = false
		}
	}()
	err := c.receiver.Message(m)
	switch {
	case err == nil:
		return true
	case errors.Is(err, ErrTooLong):
		c.close(ReasonParseError, closeTooBig)
	default:
		c.close(ReasonParseError, closeNormal)
	}
	return false
}

// closedByClient handles the client's close packet. A waiting poll is answered with a noop.
func (c *Conn) closedByClient() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.dropUnstarted(&c.server.budget)
	c.closePacket = typeNoop
	c.closeLocked(ReasonTransportClose, closeNormal)
}
