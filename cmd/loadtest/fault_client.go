package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// clientPatience is how long a client waits for a connection, a join or a page.
	clientPatience = 5 * time.Second
	// silence is how long a client hears nothing, not even a ping, before it reconnects: the server's ping interval
	// and time-out, as in the official clients.
	silence = 45 * time.Second
)

// A liveClient is an end user with one conversation, or an agent with several. It stays connected to one of the nodes,
// as behind a load balancer, and keeps a list of each of its conversations.
type liveClient struct {
	who        string
	bases      []string    // the nodes, through their links
	header     http.Header // an agent's login
	externalID string      // of an end user
	views      []*view
	queue      *queueView // nil unless the client holds the queue
	ledger     *ledger
	joined     chan *socket // every new connection; only the newest waits
}

// run keeps the client connected until the context ends.
func (c *liveClient) run(ctx context.Context) {
	wait := newBackoff()
	for ctx.Err() == nil {
		base := c.bases[rand.IntN(len(c.bases))]
		s, err := c.connect(base)
		if err != nil {
			c.judge(err)
			wait.pause(ctx)
			continue
		}
		wait = newBackoff()
		select {
		case <-c.joined:
		default:
		}
		c.joined <- s
		select {
		case <-s.ended:
			c.judge(s.lost())
			s.cut()
		case <-ctx.Done():
			s.leave()
			return
		}
	}
}

// connect connects to a node and joins everything.
func (c *liveClient) connect(base string) (*socket, error) {
	s, err := dialLive(base, c.header, c.hear)
	if err != nil {
		return nil, err
	}
	if err := c.join(s); err != nil {
		s.cut()
		<-s.ended
		return nil, err
	}
	return s, nil
}

func (c *liveClient) join(s *socket) error {
	for _, v := range c.views {
		payload := map[string]string{"conversation_id": v.conversationID}
		if c.externalID != "" {
			payload["external_id"] = c.externalID
		}
		answer, err := s.callWithin(clientPatience, "join_conversation", payload)
		if err != nil {
			return err
		}
		v.learn(answer.LastSeq)
	}
	if c.queue == nil {
		return nil
	}
	_, err := s.callWithin(clientPatience, "join_queue", nil)
	c.queue.ask()
	return err
}

func (c *liveClient) hear(event string, payload json.RawMessage) {
	var about struct {
		ConversationID string `json:"conversation_id"`
	}
	json.Unmarshal(payload, &about)
	switch event {
	case "message_received", "last_seq":
		for _, v := range c.views {
			if v.conversationID != about.ConversationID {
				continue
			}
			if err := v.hear(event, payload); err != nil {
				c.ledger.note("%s: %v", c.who, err)
			}
			return
		}
		c.ledger.note("%s received %s of a foreign conversation", c.who, event)
	case "look_again", "conversation_updated", "conversation_assigned", "conversation_released",
		"conversation_resolved", "conversation_reopened":
		if c.queue != nil {
			c.queue.ask()
		}
	}
}

// judge notes the errors that no fault excuses.
func (c *liveClient) judge(err error) {
	if kind := inexcusable(err); kind != "" {
		c.ledger.note("%s", kind)
	}
}

// inexcusable names the kind of an error that a client must not get from a server that is disturbed.
func inexcusable(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	for _, kind := range []string{"internal", "forbidden", "unauthorized", "not_found", "conflict", "invalid_request"} {
		if strings.Contains(text, "refused: "+kind) || strings.Contains(text, `"error":"`+kind+`"`) {
			return "a client was refused with " + kind
		}
	}
	for _, sign := range []string{"malformed", "came twice", "frame of", "fragmented"} {
		if strings.Contains(text, sign) {
			return "protocol: " + text
		}
	}
	if i := strings.Index(text, "HTTP/1.1 5"); i >= 0 && !strings.Contains(text, "HTTP/1.1 503") {
		return "a handshake was answered with " + text[i:min(len(text), i+12)]
	}
	return ""
}

// fetch reads messages after a seq from the history of a conversation.
func (c *liveClient) fetch(v *view, after int64) (page []liveMessage, err error) {
	path := fmt.Sprintf("/api/conversations/%s/messages?limit=200&after_seq=%d", v.conversationID, after)
	if c.externalID != "" {
		path = fmt.Sprintf("/chat-widget/history/%s?external_id=%s&after_seq=%d", v.conversationID,
			url.QueryEscape(c.externalID), after)
	}
	return page, c.get(path, &page)
}

// get reads JSON from any of the nodes.
func (c *liveClient) get(path string, into any) error {
	base := c.bases[rand.IntN(len(c.bases))]
	request, err := http.NewRequest(http.MethodGet, base+path, nil)
	if err != nil {
		return err
	}
	if c.header != nil {
		request.Header.Set("Cookie", c.header.Get("Cookie"))
	}
	response, err := liveWeb.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		if response.StatusCode != http.StatusServiceUnavailable {
			c.ledger.note("GET %s answered %d", route(path), response.StatusCode)
		}
		return fmt.Errorf("HTTP %d", response.StatusCode)
	}
	return json.Unmarshal(body, into)
}

// route is a path without what differs from one conversation to the next.
func route(path string) string {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) == 36 {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}

var liveWeb = &http.Client{
	Timeout:   clientPatience,
	Transport: &http.Transport{MaxIdleConnsPerHost: 100},
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	},
}

// dialLive connects a socket that gives up when it hears nothing, or cannot write.
func dialLive(base string, header http.Header, heard func(string, json.RawMessage)) (*socket, error) {
	host := strings.TrimPrefix(base, "http://")
	conn, err := net.DialTimeout("tcp", host, clientPatience)
	if err != nil {
		return nil, err
	}
	if header != nil {
		header = header.Clone()
		header.Set("Origin", base)
	}
	w, err := newWebSocket(conn, host, header, clientPatience)
	if err != nil {
		return nil, err
	}
	if err := w.within(clientPatience, func(w *websocket) error { return handshake(w) }); err != nil {
		w.cut()
		return nil, err
	}
	w.Conn = &impatientConn{conn}
	w.r.Reset(w.Conn)
	return newSocket(w, heard), nil
}

// An impatientConn fails when nothing arrives for as long as silence, or when a write takes as long as clientPatience.
type impatientConn struct{ net.Conn }

func (c *impatientConn) Read(p []byte) (int, error) {
	c.SetReadDeadline(time.Now().Add(silence))
	n, err := c.Conn.Read(p)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		err = errors.New("no ping came")
	}
	return n, err
}

func (c *impatientConn) Write(p []byte) (int, error) {
	c.SetWriteDeadline(time.Now().Add(clientPatience))
	return c.Conn.Write(p)
}
