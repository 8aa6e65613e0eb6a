package handlers

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/models"
	"parley/services"
)

// queue is a server that works on the requests of 192.0.2.1 until the test says so.
type queue struct {
	address string
	entered chan string // the client of a request that is worked on now
	finish  chan struct{}
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	app := &App{
		AddressLimits:  services.DefaultAddressLimits,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	}
	q := &queue{entered: make(chan string, 100), finish: make(chan struct{}, 100)}
	server := fiber.New(fiber.Config{
		DisableStartupMessage: true,
		Immutable:             true,
		ErrorHandler:          app.problem,
	})
	work := func(c *fiber.Ctx) error {
		client := app.clientAddress(c)
		q.entered <- client
		if client == "192.0.2.1" {
			<-q.finish
		}
		return c.SendString("done")
	}
	server.Use(app.limitMemory, func(c *fiber.Ctx) error { // who is logged in
		c.Locals("identity", services.Identity{User: models.User{ID: c.Get("User")}})
		return c.Next()
	})
	server.Get("/usual", work)
	server.Get("/costly", app.costly, work)
	q.address = listening(t, server)
	return q
}

// send sends a request of a client, and does not wait for its answer.
func (q *queue) send(t *testing.T, client, method, path string) *wire {
	t.Helper()
	w := dial(t, q.address)
	w.send(method, path, "X-Forwarded-For: "+client+"\r\n", "")
	return w
}

func TestMemoryLimit_anAddressHasSoManyRequestsWorkedOnAtOnce(t *testing.T) {
	for path, atOnce := range map[string]int{"/usual": requestsAtOnce, "/costly": 1} {
		t.Run(path, func(t *testing.T) {
			q := newQueue(t)
			sent := make([]*wire, 0, atOnce+3)
			for range atOnce + 3 {
				sent = append(sent, q.send(t, "192.0.2.1", "GET", path))
			}
			for range atOnce {
				<-q.entered
			}
			// Other addresses are not held up.
			q.send(t, "192.0.2.2", "GET", path).answer()
			if client := <-q.entered; client != "192.0.2.2" {
				t.Fatalf("%s has one more worked on", client)
			}
			for range 3 { // each that is finished lets in one more
				q.finish <- struct{}{}
				<-q.entered
			}
			for range atOnce {
				q.finish <- struct{}{}
			}
			for _, w := range sent {
				if response, body := w.answer(); response.StatusCode != 200 {
					t.Errorf("%d %s", response.StatusCode, body)
				}
			}
		})
	}
}

// However many wait for something costly, the other pages of their address are answered.
func TestMemoryLimit_theCostlyHoldNobodyUp(t *testing.T) {
	q := newQueue(t)
	for range requestsAtOnce + 3 {
		q.send(t, "192.0.2.1", "GET", "/costly")
	}
	<-q.entered
	usual := q.send(t, "192.0.2.1", "GET", "/usual")
	<-q.entered // a second costly one would wait for the first
	for range requestsAtOnce + 4 {
		q.finish <- struct{}{}
	}
	if response, body := usual.answer(); response.StatusCode != 200 {
		t.Errorf("%d %s", response.StatusCode, body)
	}
}

// Colleagues share an address. What is costly for one of them holds up that one, wherever they are.
func TestMemoryLimit_theCostlyOfAUserHoldUpThatUser(t *testing.T) {
	q := newQueue(t)
	send := func(client, user string) *wire {
		w := dial(t, q.address)
		w.send("GET", "/costly", "X-Forwarded-For: "+client+"\r\nUser: "+user+"\r\n", "")
		return w
	}
	ada := send("192.0.2.1", "ada")
	<-q.entered
	again := send("192.0.2.2", "ada")
	for range requestsAtOnce {
		send("192.0.2.2", "ada") // take no share of the address
	}
	send("192.0.2.2", "bob").answer()
	send("192.0.2.2", "").answer()
	for range 2 {
		<-q.entered
	}
	select {
	case client := <-q.entered:
		t.Fatalf("ada has one more, from %s", client)
	default:
	}
	q.finish <- struct{}{}
	for _, w := range []*wire{ada, again} {
		if response, body := w.answer(); response.StatusCode != 200 {
			t.Errorf("%d %s", response.StatusCode, body)
		}
	}
}

// What hashes a password, decodes a photo or answers with a long document is costly, however its path is written.
func TestMemoryLimit_costlyRoutes(t *testing.T) {
	server, app, _ := testApp(t)
	costly := reflect.ValueOf(app.costly).Pointer()
	var found []string
	for _, route := range server.GetRoutes() {
		isCostly := slices.ContainsFunc(route.Handlers, func(handler fiber.Handler) bool {
			return reflect.ValueOf(handler).Pointer() == costly
		})
		if isCostly && (route.Method == http.MethodGet || route.Method == http.MethodPost) {
			found = append(found, route.Method+" "+route.Path)
		}
	}
	slices.Sort(found)
	want := []string{
		"GET /api/conversations/",
		"GET /api/conversations/:id/history",
		"GET /api/conversations/:id/messages",
		"GET /asyncapi.json",
		"GET /chat-widget/history/:id",
		"GET /inbox", // and all below it
		"GET /openapi.json",
		"POST /auth/login",
		"POST /auth/second-factor",
		"POST /bots/:id/photo",
		"POST /inbox",
		"POST /invitation/:secret",
		"POST /profile/password",
		"POST /profile/photo",
		"POST /profile/second-factor/confirm",
		"POST /profile/second-factor/disable",
		"POST /setup/",
	}
	if !slices.Equal(found, want) {
		t.Errorf("%q, want %q", found, want)
	}
}

func TestMemoryLimit_whoWaitsTooLongComesAgain(t *testing.T) {
	app := &App{AddressLimits: services.DefaultAddressLimits}
	server := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: app.problem})
	server.Use(func(c *fiber.Ctx) error {
		over, cancel := context.WithCancel(t.Context())
		cancel()
		c.SetUserContext(over)
		return c.Next()
	}, app.limitMemory)
	for range requestsAtOnce {
		app.memory.join("0.0.0.0").usual <- struct{}{}
	}
	response, body := ask(t, server, "GET", "/api/conversations", "")
	if response.StatusCode != 429 || response.Header.Get("Retry-After") != "2" ||
		!strings.HasPrefix(body, `{"error":"rate_limited","message":"Too many requests`) {
		t.Errorf("%d %v %s", response.StatusCode, response.Header, body)
	}
}

func TestMemoryLimit_leaveNothingBehind(t *testing.T) {
	server, app, _ := testApp(t)
	app.AddressLimits = services.DefaultAddressLimits
	for _, path := range everywhere {
		ask(t, server, "GET", path, "")
		ask(t, server, "POST", path, "")
	}
	if len(app.memory.senders) != 0 {
		t.Errorf("%v", app.memory.senders)
	}
}

// The machines that watch the server get their answer however long others wait.
func TestMemoryLimit_healthNeedsNone(t *testing.T) {
	server, app, _ := testApp(t)
	app.AddressLimits = services.DefaultAddressLimits
	for range requestsAtOnce {
		app.memory.join("0.0.0.0").usual <- struct{}{}
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if response, _ := ask(t, server, "GET", path, ""); response.StatusCode != 200 {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}

// fullConn is a connection of an address that may not take up any more memory.
type fullConn struct {
	net.Conn
	asked chan int
}

func (c *fullConn) Hold(bytes int) bool {
	if bytes > 0 {
		c.asked <- bytes
	}
	return bytes == 0
}

type fullListener struct {
	net.Listener
	asked chan int
}

func (l *fullListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &fullConn{conn, l.asked}, nil
}

func TestHold_anAddressThatTakesUpTooMuchGetsAShortAnswer(t *testing.T) {
	_, app, _ := testApp(t)
	app.Socket = func(c *fiber.Ctx) error {
		c.Context().Response.SetBodyStream(strings.NewReader("a poll"), 6)
		return nil
	}
	server := New(app)
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &fullListener{inner, make(chan int, 100)}
	go server.Listener(l)
	t.Cleanup(func() { l.Close() })
	for _, request := range []string{"GET /static/app/app.build.css HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=b"} {
		w := dial(t, inner.Addr().String())
		w.Write([]byte(request))
		if response, body := w.answer(); response.StatusCode != http.StatusTooManyRequests ||
			response.Header.Get("Retry-After") == "" || response.Header.Get("Permissions-Policy") != noFeatures ||
			len(body) > 2000 {
			t.Errorf("%s: %d, %v, %d bytes", request, response.StatusCode, response.Header, len(body))
		}
		select {
		case <-l.asked:
		case <-time.After(10 * time.Second):
			t.Errorf("%s holds nothing", request)
		}
		w.ended()
	}
	w := dial(t, inner.Addr().String())
	w.send("GET", "/socket.io/", "", "")
	if response, body := w.answer(); response.StatusCode != 200 || body != "a poll" {
		t.Errorf("a streamed answer, which counts elsewhere: %d %q", response.StatusCode, body)
	}
}
