package state

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"parley/models"
	"parley/services"
)

// RedisLimiter counts in Redis, for all nodes. While Redis does not answer it counts in this process: a limit per node
// is better than none, and better than refusing everybody.
type RedisLimiter struct {
	client redis.UniversalClient
	prefix string
	outage outage
	local  *MemoryLimiter
}

// NewRedisLimiter makes one; prefix begins its keys.
func NewRedisLimiter(client redis.UniversalClient, prefix string, clock services.Clock) *RedisLimiter {
	return &RedisLimiter{
		client: client,
		prefix: prefix + "limit:",
		outage: outage{clock: clock},
		local:  NewMemoryLimiter(clock),
	}
}

// slidingWindow keeps one list a key of the times of its attempts in microseconds of Redis' own clock, so that nodes
// whose clocks differ count alike. ARGV: count, window in microseconds, 1 to count this attempt. It answers the wait in
// microseconds.
var slidingWindow = redis.NewScript(`
local t = redis.call('TIME')
local now, count, window = t[1] * 1000000 + t[2], tonumber(ARGV[1]), tonumber(ARGV[2])
local nth = redis.call('LINDEX', KEYS[1], -count)
if nth and now - tonumber(nth) < window then return window - (now - tonumber(nth)) end
if ARGV[3] == '1' then
  redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
  redis.call('LTRIM', KEYS[1], -count, -1)
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
end
return 0`)

// Allow implements services.Limiter.
func (l *RedisLimiter) Allow(ctx context.Context, key string, rate services.Rate) (time.Duration, error) {
	if wait, err := l.run(ctx, key, rate, 1); err == nil {
		return wait, nil
	}
	return l.local.Allow(ctx, key, rate)
}

// Wait implements services.Limiter.
func (l *RedisLimiter) Wait(ctx context.Context, key string, rate services.Rate) (time.Duration, error) {
	if wait, err := l.run(ctx, key, rate, 0); err == nil {
		return wait, nil
	}
	return l.local.Wait(ctx, key, rate)
}

// Refund implements services.Limiter.
func (l *RedisLimiter) Refund(ctx context.Context, key string) error {
	counted := true
	err := l.outage.watch(ctx, func() error {
		err := l.client.RPop(ctx, l.key(key)).Err()
		if errors.Is(err, redis.Nil) {
			counted = false
			return nil
		}
		return err
	})
	if err == nil && counted {
		return nil
	}
	return l.local.Refund(ctx, key) // counted here, while Redis was away
}

// key hides what a key names, like an external id or an email address: people who can read Redis must not see it.
func (l *RedisLimiter) key(key string) string { return l.prefix + services.HashToken(key) }

func (l *RedisLimiter) run(ctx context.Context, key string, rate services.Rate, count int) (time.Duration, error) {
	var micros int64
	err := l.outage.watch(ctx, func() (err error) {
		micros, err = slidingWindow.Run(ctx, l.client, []string{l.key(key)}, rate.Count, rate.Window.Microseconds(),
			count).Int64()
		return err
	})
	return time.Duration(micros) * time.Microsecond, err
}

// outage remembers that Redis did not answer, so that not every request waits for a time-out of its own.
type outage struct {
	clock services.Clock
	until atomic.Int64 // when to ask Redis again, in Unix nanoseconds
}

const outagePause = 2 * time.Second

var errRedisAway = errors.New("waiting: Redis did not answer a moment ago")

// watch asks Redis, unless it did not answer a moment ago.
func (o *outage) watch(ctx context.Context, ask func() error) error {
	now := o.clock()
	if now.UnixNano() < o.until.Load() {
		return errRedisAway
	}
	err := ask()
	if err != nil && ctx.Err() == nil {
		o.until.Store(now.Add(outagePause).UnixNano())
	}
	return err
}

// without a refresh; with the refresh of the others a dead node is noticed within 60 s
const presenceLife = 40 * time.Second

// RedisPresence keeps one sorted set: member "organization agent node", score the time it dies unless refreshed.
type RedisPresence struct {
	client redis.UniversalClient
	key    string
	node   string

	mu   sync.Mutex
	mine map[services.PresentAgent]bool // what Refresh keeps alive, and stores again if Redis has lost it
}

// NewRedisPresence makes the store of one node.
func NewRedisPresence(client redis.UniversalClient, prefix string) *RedisPresence {
	return &RedisPresence{
		client: client,
		key:    prefix + "presence",
		node:   models.NewID(),
		mine:   map[services.PresentAgent]bool{},
	}
}

// aliveMembers starts the scripts that are about one agent. ARGV[1] is the agent as "organization agent ", ARGV[2] this
// node; others says how many other nodes hold the agent. Whether this node does is no part of the answers of Add and
// Remove, so that they are the same when one whose answer got lost comes again. Sets are small: an entry a logged-in
// agent and node.
const aliveMembers = `
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local others = 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
  if member ~= ARGV[1] .. ARGV[2] and string.sub(member, 1, #ARGV[1]) == ARGV[1] then others = others + 1 end
end
`

var addPresence = redis.NewScript(aliveMembers + `
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1] .. ARGV[2])
return others`)

var removePresence = redis.NewScript(aliveMembers + `
redis.call('ZREM', KEYS[1], ARGV[1] .. ARGV[2])
return others`)

// refreshPresence stores the agents of a node, ARGV[1], for ARGV[2] seconds: ARGV[3] and so on, each as "organization
// agent ". It answers those that nobody held, and removes and answers those that nobody holds any more: of several
// nodes that look at once one gets them.
var refreshPresence = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local function agentOf(member) return string.match(member, '^%S+ %S+ ') end
local alive, back, dead = {}, {}, {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do alive[agentOf(member)] = true end
for i = 3, #ARGV do
  if not alive[ARGV[i]] then back[#back + 1] = ARGV[i] end
  alive[ARGV[i]] = true
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[i] .. ARGV[1])
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)) do
  local agent = agentOf(member)
  if not alive[agent] then dead[#dead + 1] = agent end
  alive[agent] = true
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. now)
return {back, dead}`)

var aliveOfAll = redis.NewScript(`return redis.call('ZRANGEBYSCORE', KEYS[1], redis.call('TIME')[1], '+inf')`)

// Add implements services.PresenceStore.
func (p *RedisPresence) Add(ctx context.Context, organizationID, agentID string) (bool, error) {
	agent := services.PresentAgent{OrganizationID: organizationID, AgentID: agentID}
	others, err := addPresence.Run(ctx, p.client, []string{p.key}, memberPrefix(agent), p.node, presenceLife.Seconds()).
		Int64()
	if err == nil {
		p.mu.Lock()
		p.mine[agent] = true
		p.mu.Unlock()
	}
	return others == 0, err
}

func memberPrefix(agent services.PresentAgent) string {
	return agent.OrganizationID + " " + agent.AgentID + " "
}

// Remove implements services.PresenceStore.
func (p *RedisPresence) Remove(ctx context.Context, organizationID, agentID string) (bool, error) {
	agent := services.PresentAgent{OrganizationID: organizationID, AgentID: agentID}
	p.mu.Lock()
	delete(p.mine, agent)
	p.mu.Unlock()
	others, err := removePresence.Run(ctx, p.client, []string{p.key}, memberPrefix(agent), p.node).Int64()
	return others == 0, err
}

// Refresh implements services.PresenceStore.
func (p *RedisPresence) Refresh(ctx context.Context) (dead, back []services.PresentAgent, err error) {
	args := []any{p.node, presenceLife.Seconds()}
	p.mu.Lock()
	for agent := range p.mine {
		args = append(args, memberPrefix(agent))
	}
	p.mu.Unlock()
	answer, err := refreshPresence.Run(ctx, p.client, []string{p.key}, args...).Slice()
	if err != nil {
		return nil, nil, fmt.Errorf("keep presence: %w", err)
	}
	return presentAgents(answer[1]), presentAgents(answer[0]), nil
}

// presentAgents reads a list in the answer of refreshPresence.
func presentAgents(list any) (agents []services.PresentAgent) {
	members, _ := list.([]any)
	for _, member := range members {
		parts := strings.Fields(fmt.Sprint(member))
		agents = append(agents, services.PresentAgent{OrganizationID: parts[0], AgentID: parts[1]})
	}
	return agents
}

// Online implements services.PresenceStore.
func (p *RedisPresence) Online(ctx context.Context, organizationID string) ([]string, error) {
	members, err := aliveOfAll.Run(ctx, p.client, []string{p.key}).StringSlice()
	if err != nil {
		services.LogFailure("read presence", err)
		return nil, services.Refuse(services.Unavailable, "Presence is not known right now.")
	}
	seen, agents := map[string]bool{}, []string{}
	for _, member := range members {
		parts := strings.SplitN(member, " ", 3)
		if len(parts) == 3 && parts[0] == organizationID && !seen[parts[1]] {
			seen[parts[1]] = true
			agents = append(agents, parts[1])
		}
	}
	slices.Sort(agents)
	return agents, nil
}
