package state

// MaxLimiterKeys is how many keys a MemoryLimiter keeps.
const MaxLimiterKeys = maxLimiterKeys

// Keys is how many keys are kept.
func (l *MemoryLimiter) Keys() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.attempts)
}
