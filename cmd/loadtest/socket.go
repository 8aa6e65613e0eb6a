package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A transport carries Engine.IO packets.
type transport interface {
	send(packet []byte) error
	receive() ([]byte, error) // valid until the next call
	leave() error             // close properly
	cut() error               // drop the connection
}

var (
	ping, pong  = []byte("2"), []byte("3")
	callTimeout = 20 * time.Second
)

// handshake connects a new transport to the main namespace.
func handshake(t transport) error {
	open, err := t.receive()
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	if !bytes.HasPrefix(open, []byte("0{")) {
		return fmt.Errorf("handshake: unexpected %q", open)
	}
	if err := t.send([]byte("40")); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	for {
		packet, err := t.receive()
		switch {
		case err != nil:
			return fmt.Errorf("handshake: %w", err)
		case bytes.HasPrefix(packet, []byte("40{")):
			return nil
		case bytes.Equal(packet, ping):
			t.send(pong)
		case bytes.HasPrefix(packet, []byte("44")):
			return fmt.Errorf("connection refused: %s", packet)
		}
	}
}

// A socket is a Socket.IO client that decodes events, for the scenarios that check correctness. Those that measure use
// member, which only compares bytes.
type socket struct {
	transport
	heard func(event string, payload json.RawMessage) // called in order, never concurrently
	ended chan struct{}                               // closed when the connection has ended

	mu      sync.Mutex
	nextID  int
	waiting map[int]func(acknowledgement)
	err     error
}

// An acknowledgement is the server's answer to an event. Message is an object on success and a sentence on failure.
type acknowledgement struct {
	OK        bool            `json:"ok"`
	Duplicate bool            `json:"duplicate"`
	Error     string          `json:"error"`
	Message   json.RawMessage `json:"message"`
	LastSeq   int64           `json:"last_seq"`       // of join_conversation
	RetryMS   int64           `json:"retry_after_ms"` // of a failure that may pass
}

// refused returns an error unless the acknowledgement is ok.
func (a acknowledgement) refused() error {
	if a.OK {
		return nil
	}
	return fmt.Errorf("refused: %s %s", a.Error, a.Message)
}

func connect(base string, polling bool, header http.Header, heard func(string, json.RawMessage)) (*socket, error) {
	t, err := dialTransport(base, polling, header)
	if err != nil {
		return nil, err
	}
	if err := handshake(t); err != nil {
		t.cut()
		return nil, err
	}
	return newSocket(t, heard), nil
}

// newSocket listens to a transport that is connected to the main namespace.
func newSocket(t transport, heard func(string, json.RawMessage)) *socket {
	s := &socket{
		transport: t,
		heard:     heard,
		ended:     make(chan struct{}),
		waiting:   map[int]func(acknowledgement){},
	}
	go s.listen()
	return s
}

func dialTransport(base string, polling bool, header http.Header) (transport, error) {
	if polling {
		return dialPolling(base, header)
	}
	return dialWebSocket(base, header)
}

func (s *socket) listen() {
	defer close(s.ended)
	for {
		packet, err := s.receive()
		if err == nil {
			err = s.handle(packet)
		}
		if err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
			return
		}
	}
}

func (s *socket) handle(packet []byte) error {
	switch {
	case bytes.Equal(packet, ping):
		return s.send(pong)
	case bytes.HasPrefix(packet, []byte("42")):
		return s.handleEvent(packet[2:])
	case bytes.HasPrefix(packet, []byte("43")):
		return s.handleAcknowledgement(packet[2:])
	case bytes.HasPrefix(packet, []byte("41")):
		return errors.New("disconnected by the server")
	}
	return nil
}

func (s *socket) handleEvent(data []byte) error {
	var parts []json.RawMessage
	var event string
	if err := json.Unmarshal(data, &parts); err != nil || len(parts) == 0 {
		return fmt.Errorf("malformed event %q", data)
	}
	if err := json.Unmarshal(parts[0], &event); err != nil {
		return fmt.Errorf("malformed event %q", data)
	}
	if s.heard != nil {
		s.heard(event, append(parts, nil)[1])
	}
	return nil
}

func (s *socket) handleAcknowledgement(data []byte) error {
	var answer []acknowledgement
	bracket := bytes.IndexByte(data, '[')
	if bracket < 0 {
		return fmt.Errorf("malformed acknowledgement %q", data)
	}
	id, err := strconv.Atoi(string(data[:bracket]))
	if err == nil {
		err = json.Unmarshal(data[bracket:], &answer)
	}
	if err != nil || len(answer) == 0 {
		return fmt.Errorf("malformed acknowledgement %q", data)
	}
	s.mu.Lock()
	answered := s.waiting[id]
	delete(s.waiting, id)
	s.mu.Unlock()
	if answered == nil {
		return fmt.Errorf("acknowledgement %d was not requested, or came twice", id)
	}
	answered(answer[0])
	return nil
}

// emit sends an event. The reading goroutine calls answered when the acknowledgement arrives.
func (s *socket) emit(event string, payload any, answered func(acknowledgement)) error {
	body, err := json.Marshal([]any{event, payload})
	if err != nil {
		return err
	}
	s.mu.Lock()
	id := s.nextID
	s.nextID++
	s.waiting[id] = answered
	s.mu.Unlock()
	return s.send(append(strconv.AppendInt([]byte("42"), int64(id), 10), body...))
}

// call sends an event and waits for the acknowledgement. A refusal is an error.
func (s *socket) call(event string, payload any) (acknowledgement, error) {
	return s.callWithin(callTimeout, event, payload)
}

func (s *socket) callWithin(patience time.Duration, event string, payload any) (acknowledgement, error) {
	answer := make(chan acknowledgement, 1)
	if err := s.emit(event, payload, func(a acknowledgement) { answer <- a }); err != nil {
		return acknowledgement{}, fmt.Errorf("%s: %w", event, err)
	}
	select {
	case a := <-answer:
		if err := a.refused(); err != nil {
			return a, fmt.Errorf("%s: %w", event, err)
		}
		return a, nil
	case <-s.ended:
		return acknowledgement{}, fmt.Errorf("%s: %w", event, s.lost())
	case <-time.After(patience):
		return acknowledgement{}, fmt.Errorf("%s: no acknowledgement in %s", event, patience)
	}
}

// lost returns why the connection has ended.
func (s *socket) lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Errorf("connection lost: %w", s.err)
}
