package engine

// Close closes the connection after it has written what is queued. The client may connect again.
func (c *Conn) Close() { c.close(ReasonForcedClose, closeNormal) }

// close closes the connection after it has written what is queued. code is the close code of a WebSocket.
func (c *Conn) close(reason string, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeLocked(reason, code)
}

// abort closes the connection at once.
func (c *Conn) abort(reason string) { c.close(reason, 0) }

// closeLocked closes the connection, once. The code 0 drops what is queued. Call with mu locked.
func (c *Conn) closeLocked(reason string, code int) {
	if c.closed.Load() {
		return
	}
	c.chargeLocked(-c.charged)
	c.closed.Store(true)
	c.reason = reason
	if code == 0 {
		c.queue.clear(&c.server.budget)
		c.cutAnswer()
	}
	if c.probe != nil {
		c.probe.abort()
		c.probe = nil
	}
	c.server.beats.remove(c)
	if c.ws != nil {
		c.ws.end(code)
	} else {
		c.endPolling(code)
	}
	go c.finish()
}

// ended reports whether the connection is closed and expects no last poll.
func (c *Conn) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed.Load() && c.closePacket == 0
}

// finish calls the receiver's Closed after the packet that is being handled.
func (c *Conn) finish() {
	defer c.leave() // since add
	c.inbound.Lock()
	defer c.inbound.Unlock()
	c.receiver.Closed(c.reason)
}

// cut ends a closing connection that waits for its client.
func (c *Conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutAnswer()
	if c.ws != nil {
		c.ws.abort()
		c.queue.clear(&c.server.budget)
	}
	if c.closePacket != 0 {
		c.endLinger()
	}
}
