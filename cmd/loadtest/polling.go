package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// packetSeparator separates the packets of one HTTP body.
const packetSeparator = "\x1e"

// A polling is a transport over HTTP long polling. One GET waits for packets from the server. One POST at a time sends
// the packets that were queued during the previous POST.
type polling struct {
	client *http.Client
	url    string
	header http.Header
	limit  int // largest POST body the server accepts, in bytes
	in     [][]byte

	ctx    context.Context
	cancel context.CancelCauseFunc
	mu     sync.Mutex
	queue  [][]byte
	queued chan struct{}
}

func dialPolling(base string, header http.Header) (*polling, error) {
	p := &polling{
		client: &http.Client{Transport: &http.Transport{}},
		url:    base + "/socket.io/?EIO=4&transport=polling",
		header: header,
		queued: make(chan struct{}, 1),
	}
	p.ctx, p.cancel = context.WithCancelCause(context.Background())
	open, err := p.receive()
	if err != nil {
		return nil, err
	}
	var handshake struct {
		SID        string `json:"sid"`
		MaxPayload int    `json:"maxPayload"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(open, []byte("0")), &handshake); err != nil {
		return nil, fmt.Errorf("handshake %q: %w", open, err)
	}
	p.url += "&sid=" + handshake.SID
	p.limit = handshake.MaxPayload
	p.in = append([][]byte{open}, p.in...)
	go p.flush()
	return p, nil
}

func (p *polling) send(packet []byte) error {
	if err := context.Cause(p.ctx); err != nil {
		return err
	}
	p.mu.Lock()
	p.queue = append(p.queue, bytes.Clone(packet))
	p.mu.Unlock()
	select {
	case p.queued <- struct{}{}:
	default:
	}
	return nil
}

// flush posts the queued packets until the transport ends.
func (p *polling) flush() {
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.queued:
		}
		for body := p.batch(); body != nil; body = p.batch() {
			answer, err := p.request(http.MethodPost, body)
			if err == nil && string(answer) != "ok" {
				err = fmt.Errorf("POST answered %q", answer)
			}
			if err != nil {
				p.cancel(err)
				return
			}
		}
	}
}

// batch removes as many packets from the queue as fit in one POST and returns its body, or nil if the queue is empty.
func (p *polling) batch() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	size, count := 0, 0
	for _, packet := range p.queue {
		if size += len(packet) + 1; size > p.limit && count > 0 {
			break
		}
		count++
	}
	if count == 0 {
		return nil
	}
	body := bytes.Join(p.queue[:count], []byte(packetSeparator))
	p.queue = p.queue[count:]
	return body
}

func (p *polling) receive() ([]byte, error) {
	for len(p.in) == 0 {
		body, err := p.request(http.MethodGet, nil)
		if err != nil {
			return nil, err
		}
		p.in = bytes.Split(body, []byte(packetSeparator))
	}
	packet := p.in[0]
	p.in = p.in[1:]
	if string(packet) == "1" {
		return nil, io.EOF
	}
	return packet, nil
}

func (p *polling) request(method string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(p.ctx, method, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range p.header {
		request.Header[name] = values
	}
	if body != nil {
		request.Header.Set("Content-Type", "text/plain;charset=UTF-8")
	}
	response, err := p.client.Do(request)
	if err != nil {
		return nil, errors.Join(err, context.Cause(p.ctx))
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered HTTP %d: %.200s", method, response.StatusCode, answer)
	}
	return answer, err
}

func (p *polling) leave() error {
	p.request(http.MethodPost, []byte("1"))
	return p.cut()
}

func (p *polling) cut() error {
	p.cancel(net.ErrClosed)
	p.client.CloseIdleConnections()
	return nil
}
