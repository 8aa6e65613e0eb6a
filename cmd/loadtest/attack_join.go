package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// Sockets of conversations that nobody has written in.
var joinAttacks = []attack{
	{
		name:  "visits",
		about: "200 sockets that visit 64 conversations each, with addresses of 8 KB",
		run:   longVisits,
	},
	{
		name:  "joins",
		about: "950 sockets that join 10 conversations each, with names of 400 bytes",
		run:   manyJoins,
	},
	{
		name:  "agent-joins",
		about: "10 sockets of an agent that join 4,000 conversations each, none of which exists",
		run:   agentJoins,
	},
}

const wideLetter = "𝕏" // 4 bytes: limits count characters

// unwritten opens the widget for n end users, whose names are as long as can be.
func (t *target) unwritten(n int) ([]conversation, error) {
	opened := make([]conversation, n)
	err := parallel(n, openers, func(i int) (err error) {
		opened[i], err = openWidget(t.base, t.token, fmt.Sprintf("%02d%s", i, strings.Repeat(wideLetter, 250)))
		return err
	})
	return opened, err
}

// emitEach opens n sockets, sends the same events on each, and keeps them. Nobody reads the answers.
func (t *target) emitEach(n int, header http.Header, event string, count int,
	payload func(i int) map[string]string) error {
	return parallel(n, 50, func(int) error {
		conn, err := t.dial()
		if err != nil {
			return err
		}
		w, err := newWebSocket(conn, t.host, header, dialTimeout)
		if err == nil {
			err = handshake(w)
		}
		for i := 0; i < count && err == nil; i++ {
			var packet []byte
			if packet, err = json.Marshal([]any{event, payload(i)}); err == nil {
				err = w.send(append([]byte("42"), packet...))
			}
		}
		return refusedIsFine(err)
	})
}

func longVisits(t *target) error {
	opened, err := t.unwritten(64)
	if err != nil {
		return err
	}
	address := "https://example.com/" + strings.Repeat(wideLetter, 2020)
	browser := http.Header{"User-Agent": {strings.Repeat("x", 400)}}
	err = t.emitEach(200, browser, "visit", len(opened), func(i int) map[string]string {
		return map[string]string{
			"conversation_id": opened[i].ID,
			"external_id":     opened[i].ExternalID,
			"page_url":        address,
			"page_title":      strings.Repeat(wideLetter, 200),
			"time_zone":       strings.Repeat("A", 64),
		}
	})
	time.Sleep(held)
	return err
}

func manyJoins(t *target) error {
	opened, err := t.unwritten(10)
	if err != nil {
		return err
	}
	err = t.emitEach(950, nil, "join_conversation", len(opened), func(i int) map[string]string {
		return map[string]string{
			"conversation_id": opened[i].ID,
			"external_id":     opened[i].ExternalID,
			"customer_name":   strings.Repeat(wideLetter, 100),
		}
	})
	time.Sleep(held)
	return err
}

// agentJoins makes up ids that could be of the organization, whose own begin alike.
func agentJoins(t *target) error {
	agent, err := login(t.base, t.email, t.password)
	if err != nil {
		return err
	}
	real, err := t.unwritten(1)
	if err != nil {
		return err
	}
	var number atomic.Int64
	err = t.emitEach(10, agent, "join_conversation", 4000, func(int) map[string]string {
		id := uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, number.Add(1)))
		id[6] = id[6]&0x0f | 0x80 // version 8
		return map[string]string{"conversation_id": real[0].ID[:8] + id.String()[8:]}
	})
	time.Sleep(held)
	return err
}
