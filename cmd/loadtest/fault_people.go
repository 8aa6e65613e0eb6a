package main

import (
	"fmt"
	"strconv"
	"time"
)

// The load: people who write in pairs of an end user and an agent, 200 messages a second. A probe is one more end user
// for each node, connected past the links.
const (
	endUsers   = 40
	agentCount = 10
	pace       = 250 * time.Millisecond // between the messages of a person
	underWay   = 4                      // messages of every second person at once
	queues     = 3                      // agents who hold the queue
)

func externalID(person int) string { return "person-" + strconv.Itoa(person) }

func (w *world) openConversations() error {
	bases := w.bases()
	w.conversations = make([]string, endUsers+len(w.Nodes))
	return parallel(len(w.conversations), 8, func(i int) error {
		opened, err := openWidget(bases[i%len(bases)], w.token, externalID(i))
		w.conversations[i] = opened.ID
		return err
	})
}

// addPeople starts the end users, and the agents once every conversation has a message: before that there is nothing
// that an agent could answer.
func (w *world) addPeople() error {
	bases := w.bases()
	for i := range w.conversations {
		s := w.newSender(i, []int{i}, bases)
		s.externalID = externalID(i)
		if i >= endUsers {
			node := w.Nodes[i-endUsers]
			s.bases = []string{"http://" + node.Address}
			s.running = node.Running
			s.interval, s.window = time.Second, 1
		}
		w.start(s)
	}
	if err := w.waitForFirst(); err != nil {
		return err
	}
	for i := range agentCount {
		header, err := login(bases[i%len(bases)], w.emails[i], w.password)
		if err != nil {
			return err
		}
		var mine []int
		for c := i; c < endUsers; c += agentCount {
			mine = append(mine, c)
		}
		s := w.newSender(len(w.conversations)+i, mine, bases)
		s.header, s.agent = header, true
		if i < queues {
			s.queue = newQueueView()
			w.queues = append(w.queues, s.queue)
		}
		w.start(s)
	}
	if err := w.waitForFirst(); err != nil {
		return err
	}
	return w.addStranger()
}

func (w *world) newSender(person int, conversations []int, bases []string) *sender {
	who := fmt.Sprintf("person %d", person)
	s := &sender{
		person:        person,
		conversations: conversations,
		window:        1,
		interval:      pace,
		paused:        func(conversation int) bool { return w.paused[conversation].Load() },
		loseAnswers:   &w.loseAnswers,
		random:        newRandom(w.seed, person),
		run:           strconv.FormatInt(time.Now().UnixNano(), 36),
		liveClient: &liveClient{
			who:    who,
			bases:  bases,
			ledger: w.ledger,
			joined: make(chan *socket, 1),
		},
	}
	if person%2 == 1 {
		s.window, s.interval = underWay, underWay*pace
	}
	for _, c := range conversations {
		s.views = append(s.views, newView(who, w.conversations[c]))
	}
	return s
}

// start lets a sender live and write.
func (w *world) start(s *sender) {
	w.senders = append(w.senders, s)
	w.views = append(w.views, s.views...)
	w.live(s.liveClient)
	w.group.Go(func() { s.send(w.ctx) })
}

// live keeps a client connected, and what it shows complete.
func (w *world) live(c *liveClient) {
	w.group.Go(func() { c.run(w.ctx) })
	for _, v := range c.views {
		w.group.Go(func() {
			v.fill(w.ctx, func(after int64) ([]liveMessage, error) { return c.fetch(v, after) }, func(error) {})
		})
	}
	if c.queue == nil {
		return
	}
	w.group.Go(func() {
		c.queue.fill(w.ctx, func() (page []listedConversation, err error) {
			return page, c.get("/api/conversations/?filter=all&limit=200", &page)
		}, func(error) {})
	})
}

func (w *world) waitForFirst() error {
	deadline := time.Now().Add(30 * time.Second)
	for _, s := range w.senders {
		for !s.first.Load() {
			if time.Now().After(deadline) {
				return fmt.Errorf("%s gets no message acknowledged: %v", s.who, w.ledger.takeNotes())
			}
			if err := sleep(w.ctx, 10*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

const strangerEmail = "sam@stranger.example"

// addStranger adds an agent of another organization who holds its queue and must not hear anything.
func (w *world) addStranger() error {
	bases := w.bases()
	header, err := login(bases[0], strangerEmail, w.password)
	if err != nil {
		return err
	}
	queue := newQueueView()
	c := &liveClient{
		who:    "a stranger",
		bases:  bases,
		header: header,
		queue:  queue,
		ledger: w.ledger,
		joined: make(chan *socket, 1),
	}
	w.group.Go(func() { c.run(w.ctx) })
	w.group.Go(func() {
		queue.fill(w.ctx, func() (page []listedConversation, err error) {
			if err = c.get("/api/conversations/?filter=all&limit=200", &page); err == nil && len(page) > 0 {
				w.ledger.note("an agent of another organization sees conversations")
			}
			return page, err
		}, func(error) {})
	})
	return nil
}

// pause lets nobody write in some conversations.
func (w *world) pause(conversations ...int) {
	for _, c := range conversations {
		w.paused[c].Store(true)
	}
}

func (w *world) pauseAll() {
	for i := range w.paused {
		w.paused[i].Store(true)
	}
}

func (w *world) resumeAll() {
	for i := range w.paused {
		w.paused[i].Store(false)
	}
}

// settle waits until every message is acknowledged or refused.
func (w *world) settle(patience time.Duration) error {
	deadline := time.Now().Add(patience)
	for {
		left := int64(0)
		for _, s := range w.senders {
			left += s.unsettled.Load()
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d messages are neither acknowledged nor refused after %s", left, patience)
		}
		if err := sleep(w.ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}
