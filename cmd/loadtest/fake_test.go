package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"
)

// A fakeServer implements as much of the contract as the scenarios need, and its fields make it fail on purpose. Each
// conversation has its own members, but all share one history, because a scenario only checks one.
type fakeServer struct {
	*httptest.Server
	deliver     func(m fakeMessage) []fakeMessage // what members receive for a stored message
	takeRepeats bool                              // store a known client_id a second time
	forget      int64                             // acknowledge this seq without storing it
	loseTyping  int                               // lose every n-th typing indicator; 0 loses none
	holdAck     string                            // acknowledge the event with this id after the next one
	malformed   func()                            // what a malformed event does to the server
	ignore      atomic.Int64                      // how many handshakes get no answer

	mu       sync.Mutex
	sessions int
	clients  map[string]*fakeClient
	members  map[*fakeClient]string // conversation id
	stored   []fakeMessage
	known    map[string]fakeMessage
	conns    []net.Conn
	typed    int
	heldAck  string
}

type fakeMessage struct {
	message
	ClientID string `json:"client_id,omitempty"`
}

type fakeClient struct {
	out   chan string
	agent bool
}

const fakePage = `<meta name="csrf-token" content="t&#43;k"><main data-conversation-id="c-%s" data-external-id="e-1">`

func newFakeServer(t *testing.T) *fakeServer {
	f := &fakeServer{
		clients: map[string]*fakeClient{},
		members: map[*fakeClient]string{},
		known:   map[string]fakeMessage{},
	}
	f.deliver = func(m fakeMessage) []fakeMessage { return []fakeMessage{m} }
	f.malformed = func() {}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /chat-widget", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, fakePage, r.FormValue("session_id"))
	})
	routes.HandleFunc("GET /chat-widget/history/{id}", f.history)
	routes.HandleFunc("GET /auth/login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "anonymous"})
		fmt.Fprintf(w, fakePage, "")
	})
	routes.HandleFunc("POST /auth/login", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("csrf_token") != "t+k" || r.FormValue("password") != "secret" {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "agent"})
		http.Redirect(w, r, "/inbox", http.StatusSeeOther)
	})
	routes.HandleFunc("GET /socket.io/", f.get)
	routes.HandleFunc("POST /socket.io/", f.post)
	f.Server = httptest.NewServer(routes)
	t.Cleanup(f.CloseClientConnections)
	return f
}

func (f *fakeServer) history(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.FormValue("after_seq"))
	f.mu.Lock()
	defer f.mu.Unlock()
	page := []fakeMessage{}
	for _, m := range f.stored {
		if m.Seq > int64(after) && len(page) < 100 {
			page = append(page, m)
		}
	}
	json.NewEncoder(w).Encode(page)
}

func (f *fakeServer) open(r *http.Request) (*fakeClient, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sessions++
	sid := fmt.Sprint("s-", f.sessions)
	cookie, err := r.Cookie("session")
	c := &fakeClient{out: make(chan string, 1<<16), agent: err == nil && cookie.Value == "agent"}
	f.clients[sid] = c
	c.out <- fmt.Sprintf(`0{"sid":%q,"maxPayload":1000}`, sid)
	return c, sid
}

// get serves the WebSocket upgrade and polls.
func (f *fakeServer) get(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("transport") == "websocket" {
		f.serveWebSocket(w, r)
		return
	}
	f.mu.Lock()
	c := f.clients[r.FormValue("sid")]
	f.mu.Unlock()
	if c == nil {
		c, _ = f.open(r)
	}
	select {
	case packet := <-c.out:
		io.WriteString(w, packet)
	case <-r.Context().Done():
		return
	}
	for len(c.out) > 0 {
		io.WriteString(w, packetSeparator+<-c.out)
	}
}

func (f *fakeServer) post(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	c := f.clients[r.URL.Query().Get("sid")]
	f.mu.Unlock()
	for _, packet := range strings.Split(string(body), packetSeparator) {
		f.handle(c, packet)
	}
	io.WriteString(w, "ok")
}

// dropAll closes every WebSocket.
func (f *fakeServer) dropAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, conn := range f.conns {
		conn.Close()
	}
}

func (f *fakeServer) serveWebSocket(w http.ResponseWriter, r *http.Request) {
	conn, _, _, err := ws.UpgradeHTTP(r, w)
	if err != nil {
		return
	}
	defer conn.Close()
	f.mu.Lock()
	f.conns = append(f.conns, conn)
	f.mu.Unlock()
	c, _ := f.open(r)
	gone := make(chan struct{})
	defer close(gone)
	go func() {
		for {
			select {
			case packet := <-c.out:
				wsutil.WriteServerText(conn, []byte(packet))
			case <-gone:
				return
			}
		}
	}()
	for {
		packet, err := wsutil.ReadClientText(conn)
		if err != nil {
			f.mu.Lock()
			delete(f.members, c)
			f.mu.Unlock()
			return
		}
		f.handle(c, string(packet))
	}
}
