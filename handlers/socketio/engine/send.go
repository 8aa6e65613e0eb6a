package engine

// Send sends packets, with no others between them. It never waits: what cannot be written now is queued, and a
// connection whose queue exceeds its limits is closed. It returns false if the connection is closed.
func (c *Conn) Send(packets ...*Packet) bool { return c.send(false, packets) }

// SendVolatile is like Send, but drops the packets if more than a quarter of the queue is full.
func (c *Conn) SendVolatile(packets ...*Packet) bool { return c.send(true, packets) }

func (c *Conn) send(volatile bool, packets []*Packet) bool {
	c.mu.Lock()
	sent := c.sendLocked(volatile, packets)
	c.mu.Unlock()
	c.server.relieve()
	return sent
}

func (c *Conn) sendLocked(volatile bool, packets []*Packet) bool {
	o := &c.server.options
	if c.closed.Load() {
		return false
	}
	if volatile && c.queue.over(o.MaxQueuePackets/4, o.MaxQueueBytes/4) {
		return true
	}
	for _, p := range packets {
		if c.ws == nil || c.queue.len() > 0 || !c.ws.writeNow(p) {
			c.queue.push(&c.server.budget, p)
		}
	}
	c.releaseHeld()
	if c.queue.over(o.MaxQueuePackets, o.MaxQueueBytes) {
		c.closeLocked(ReasonTransportError, 0)
		return false
	}
	c.wakeWriter()
	return true
}

// Hold queues a packet. It is written together with the next packet, which saves a system call, or by Flush.
func (c *Conn) Hold(p *Packet) bool {
	held := c.hold(p)
	c.server.relieve()
	return held
}

func (c *Conn) hold(p *Packet) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return false
	}
	c.held = c.held || c.queue.len() == 0
	c.queue.push(&c.server.budget, p)
	if c.queue.over(c.server.options.MaxQueuePackets, c.server.options.MaxQueueBytes) {
		c.closeLocked(ReasonTransportError, 0)
		return false
	}
	return true
}

// Flush writes what Hold has queued.
func (c *Conn) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed.Load() && c.held {
		c.releaseHeld()
		c.wakeWriter()
	}
}

// releaseHeld writes what Hold has queued, and what follows it, in one piece. Call with mu locked.
func (c *Conn) releaseHeld() {
	if c.held && c.ws != nil {
		c.ws.writeTogether(&c.queue)
	}
	c.held = false
}

// wakeWriter makes the flusher or the waiting poll write what is queued. Call with mu locked.
func (c *Conn) wakeWriter() {
	switch {
	case c.ws != nil:
		if c.queue.len() > 0 || len(c.ws.pong) > 0 {
			c.ws.startFlusher()
		}
	case c.poll != nil && c.queue.len() > 0 && c.answer == nil:
		c.poll.wake()
	}
}
