package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Two or more people do the same at once, on different nodes. Each dose is one race.
var raceFaults = []fault{
	{
		name:  "race-claim",
		about: "agents on three nodes claim a conversation at once",
		kind:  threeNodes,
		dose:  500,
		bulk:  true,
		short: 20,
		takes: 10 * time.Second,
		run:   func(t *trial) error { return t.race(claimRace) },
	},
	{
		name:  "race-first-message",
		about: "two devices of an end user send a conversation's first message at once, on two nodes",
		kind:  threeNodes,
		dose:  500,
		bulk:  true,
		short: 20,
		takes: 10 * time.Second,
		run:   func(t *trial) error { return t.race(firstMessageRace) },
	},
	{
		name:  "race-resolve",
		about: "an agent resolves a conversation while its end user writes",
		kind:  threeNodes,
		dose:  500,
		bulk:  true,
		short: 20,
		takes: 10 * time.Second,
		run:   func(t *trial) error { return t.race(resolveRace) },
	},
	{
		name:  "race-duplicate",
		about: "the same message, with one client_id, is sent to two nodes at once",
		kind:  threeNodes,
		dose:  500,
		bulk:  true,
		short: 20,
		takes: 10 * time.Second,
		run:   func(t *trial) error { return t.race(duplicateRace) },
	},
}

// A racer has what a race needs: agents with their CSRF token, and a socket to each node without a login.
type racer struct {
	*trial
	agents  []racingAgent
	sockets []*socket
}

type racingAgent struct {
	base   string
	header http.Header
}

// race runs races one after the other.
func (t *trial) race(run func(r *racer, number int) error) error {
	r := &racer{trial: t}
	for i, node := range t.Nodes {
		base := "http://" + node.Address
		header, err := login(base, t.emails[i], t.password)
		if err != nil {
			return err
		}
		token, err := agentToken(base, header)
		if err != nil {
			return err
		}
		header.Set("X-CSRFToken", token)
		r.agents = append(r.agents, racingAgent{base, header})
		s, err := dialLive(base, nil, nil)
		if err != nil {
			return err
		}
		defer s.cut()
		r.sockets = append(r.sockets, s)
	}
	for i := range t.dose {
		if err := run(r, i); err != nil {
			return fmt.Errorf("race %d: %w", i, err)
		}
		if err := t.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// agentToken reads the CSRF token of an agent's pages.
func agentToken(base string, header http.Header) (string, error) {
	request, err := http.NewRequest(http.MethodGet, base+"/inbox", nil)
	if err != nil {
		return "", err
	}
	request.Header = header
	response, err := web.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	token := csrfToken.FindSubmatch(page)
	if token == nil {
		return "", errors.New("the inbox has no CSRF token")
	}
	return string(token[1]), nil
}

// post calls the API and returns the status. As a client does, it repeats a request answered with "unavailable".
func (a racingAgent) post(ctx context.Context, path string) (status int, err error) {
	wait := newBackoff()
	for deadline := time.Now().Add(retryLimit); time.Now().Before(deadline); wait.pause(ctx) {
		if status, err = a.postOnce(path); status != http.StatusServiceUnavailable || ctx.Err() != nil {
			return status, err
		}
	}
	return status, err
}

func (a racingAgent) postOnce(path string) (int, error) {
	request, err := http.NewRequest(http.MethodPost, a.base+path, bytes.NewReader([]byte("{}")))
	if err != nil {
		return 0, err
	}
	request.Header = a.header.Clone()
	request.Header.Set("Content-Type", "application/json")
	response, err := web.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response.StatusCode, nil
}

// newConversation opens a conversation that nobody else uses.
func (r *racer) newConversation(number int) (conversation, error) {
	name := fmt.Sprintf("%s-%d-%d", r.fault.name, time.Now().UnixNano(), number)
	c, err := openWidget(r.agents[number%len(r.agents)].base, r.token, name)
	if err == nil {
		r.others = append(r.others, c.ID)
	}
	return c, err
}

// say sends a message on a node and returns what was stored.
func (r *racer) say(node int, c conversation, content, clientID string) (m liveMessage, duplicate bool, err error) {
	answer, err := r.sockets[node].call("send_message", map[string]string{
		"conversation_id": c.ID, "external_id": c.ExternalID, "sender_type": "end_user", "content_type": "text",
		"content": content, "client_id": clientID,
	})
	if err != nil {
		return m, false, err
	}
	return m, answer.Duplicate, json.Unmarshal(answer.Message, &m)
}

// atOnce runs functions at the same time and returns their first error.
func atOnce(do ...func() error) error {
	var group sync.WaitGroup
	errs := make([]error, len(do))
	start := make(chan struct{})
	for i, f := range do {
		group.Go(func() {
			<-start
			errs[i] = f()
		})
	}
	close(start)
	group.Wait()
	return errors.Join(errs...)
}

func claimRace(r *racer, number int) error {
	c, err := r.newConversation(number)
	if err != nil {
		return err
	}
	if _, _, err := r.say(0, c, "claim me", ""); err != nil {
		return err
	}
	statuses := make([]int, len(r.agents))
	var claims []func() error
	for i, a := range r.agents {
		claims = append(claims, func() (err error) {
			statuses[i], err = a.post(r.ctx, "/api/conversations/"+c.ID+"/assign")
			return err
		})
	}
	if err := atOnce(claims...); err != nil {
		return err
	}
	won, lost := 0, 0
	for _, status := range statuses {
		switch status {
		case http.StatusOK:
			won++
		case http.StatusConflict:
			lost++
		}
	}
	if won != 1 || lost != len(r.agents)-1 {
		r.fail("a claim was answered with %v", statuses)
	}
	return nil
}

func firstMessageRace(r *racer, number int) error {
	c, err := r.newConversation(number)
	if err != nil {
		return err
	}
	var sent [2]liveMessage
	err = atOnce(
		func() (err error) { sent[0], _, err = r.say(number%3, c, "first", ""); return err },
		func() (err error) { sent[1], _, err = r.say((number+1)%3, c, "second", ""); return err },
	)
	if err != nil {
		return err
	}
	if sent[0].Seq+sent[1].Seq != 3 || sent[0].Seq == sent[1].Seq {
		r.fail("two first messages have seq %d and %d", sent[0].Seq, sent[1].Seq)
	}
	return r.wantSessions(c, 1, 1)
}

func duplicateRace(r *racer, number int) error {
	c, err := r.newConversation(number)
	if err != nil {
		return err
	}
	clientID := fmt.Sprintf("race-%d-%d", time.Now().UnixNano(), number)
	var sent [2]liveMessage
	var repeated [2]bool
	err = atOnce(
		func() (err error) { sent[0], repeated[0], err = r.say(number%3, c, clientID, clientID); return err },
		func() (err error) { sent[1], repeated[1], err = r.say((number+1)%3, c, clientID, clientID); return err },
	)
	if err != nil {
		return err
	}
	if sent[0].ID != sent[1].ID || repeated[0] == repeated[1] {
		r.fail("a message sent twice at once is %s and %s, duplicate %t and %t", sent[0].ID, sent[1].ID, repeated[0],
			repeated[1])
	}
	return nil
}

func resolveRace(r *racer, number int) error {
	c, err := r.newConversation(number)
	if err != nil {
		return err
	}
	if _, _, err := r.say(0, c, "hello", ""); err != nil {
		return err
	}
	status := 0
	var sent liveMessage
	err = atOnce(
		func() (err error) {
			status, err = r.agents[number%3].post(r.ctx, "/api/conversations/"+c.ID+"/resolve")
			return err
		},
		func() (err error) { sent, _, err = r.say((number+1)%3, c, "one more thing", ""); return err },
	)
	if err != nil {
		return err
	}
	if status != http.StatusOK || sent.Seq != 2 {
		r.fail("resolve was answered with %d, and the message has seq %d", status, sent.Seq)
	}
	return r.wantSessions(c, 0, 1)
}

// wantSessions checks how many sessions of a conversation are open. The newest message must be in the newest session.
func (r *racer) wantSessions(c conversation, least, most int) error {
	var open, all, used int
	err := query(r.Cluster, func(rows *sql.Rows) error { return rows.Scan(&open, &all, &used) }, `
		SELECT COUNT(CASE WHEN status = 'open' THEN 1 END), COUNT(*),
			(SELECT COUNT(DISTINCT session_id) FROM messages WHERE conversation_id = $1)
		FROM conversation_sessions WHERE conversation_id = $1`, c.ID)
	if err != nil {
		return err
	}
	if open < least || open > most || all != used || all-open > 1 {
		r.fail("a conversation has %d sessions, %d of them open and %d with messages", all, open, used)
	}
	return nil
}
