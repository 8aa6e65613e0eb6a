package handlers

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// testPeer is the address of the peer in a test of Fiber.
const testPeer = "0.0.0.0"

// proxied returns the application behind proxies at the test's peer, 10.0.0.0/8 and 2001:db8:f::/48, and a server that
// answers with the client's address and scheme.
func proxied(t *testing.T) *fiber.App {
	t.Helper()
	app := &App{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix(testPeer + "/32"),
		netip.MustParsePrefix("10.0.0.0/8"),
		netip.MustParsePrefix("2001:db8:f::/48"),
	}}
	return addressServer(app)
}

func addressServer(app *App) *fiber.App {
	server := fiber.New(fiber.Config{DisableStartupMessage: true, EnableTrustedProxyCheck: true})
	server.Get("/", func(c *fiber.Ctx) error { return c.SendString(app.clientAddress(c) + " " + app.scheme(c)) })
	return server
}

// lines are header lines, name and value in turn.
type lines []string

func (l lines) request() *http.Request {
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := 0; i+1 < len(l); i += 2 {
		request.Header.Add(l[i], l[i+1])
	}
	return request
}

func TestClientAddress_isTheNearestHopThatIsNoProxy(t *testing.T) {
	t.Parallel()
	const xff = "X-Forwarded-For"
	server := proxied(t)
	for _, test := range []struct {
		name   string
		header lines
		want   string
	}{
		{"no header", nil, testPeer},
		{"one address", lines{xff, "203.0.113.7"}, "203.0.113.7"},
		{"the client's own claim", lines{xff, "6.6.6.6, 203.0.113.7"}, "203.0.113.7"},
		{"the client's own line", lines{xff, "6.6.6.6", xff, "203.0.113.7"}, "203.0.113.7"},
		{"lines of several proxies", lines{xff, "6.6.6.6", xff, "203.0.113.7, 10.0.0.2", xff, "10.0.0.3"}, "203.0.113.7"},
		{"only proxies", lines{xff, "10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"a proxy on IPv6", lines{xff, "203.0.113.7, [2001:db8:f::1]:443"}, "203.0.113.7"},
		{"a proxy in mapped form", lines{xff, "203.0.113.7, ::ffff:10.1.2.3"}, "203.0.113.7"},
		{"no comma after", lines{xff, "203.0.113.7,10.0.0.2"}, "203.0.113.7"},
		{"spaces and tabs", lines{xff, " 203.0.113.7\t,\t10.0.0.2 "}, "203.0.113.7"},
		{"an empty first element", lines{xff, ", 203.0.113.7"}, "203.0.113.7"},

		{"a port", lines{xff, "203.0.113.7:52341"}, "203.0.113.7"},
		{"an obfuscated port", lines{xff, "203.0.113.7:_http"}, "203.0.113.7"},
		{"IPv6", lines{xff, "2001:db8::1"}, "2001:db8::1"},
		{"IPv6 in brackets", lines{xff, "[2001:db8::1]"}, "2001:db8::1"},
		{"IPv6 with a port", lines{xff, "[2001:db8::1]:443"}, "2001:db8::1"},
		{"IPv6 written long", lines{xff, "2001:0DB8:0:0:0:0:0:1"}, "2001:db8::1"},
		{"IPv6 with a zone", lines{xff, "fe80::1%eth0"}, "fe80::1"},
		{"IPv6 with a zone and a port", lines{xff, "[fe80::1%eth0]:443"}, "fe80::1"},
		{"mapped IPv4", lines{xff, "::ffff:203.0.113.7"}, "203.0.113.7"},
		{"mapped IPv4 with a port", lines{xff, "[::ffff:203.0.113.7]:80"}, "203.0.113.7"},
		{"quotes", lines{xff, `"203.0.113.7"`}, "203.0.113.7"},
		{"quoted IPv6 with a port", lines{xff, `"[2001:db8::1]:443"`}, "2001:db8::1"},

		{"unknown", lines{xff, "6.6.6.6, unknown"}, testPeer},
		{"an obfuscated name", lines{xff, "6.6.6.6, _hidden"}, testPeer},
		{"an unknown hop behind a proxy", lines{xff, "6.6.6.6, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"nothing at the end", lines{xff, "6.6.6.6,"}, testPeer},
		{"an empty line at the end", lines{xff, "6.6.6.6", xff, ""}, testPeer},
		{"a host name", lines{xff, "6.6.6.6, proxy.example"}, testPeer},
		{"a port out of range", lines{xff, "6.6.6.6, 203.0.113.7:123456"}, testPeer},
		{"a port without a number", lines{xff, "6.6.6.6, 203.0.113.7:"}, testPeer},
		{"text after the brackets", lines{xff, "6.6.6.6, [2001:db8::1]x"}, testPeer},
		{"IPv4 in brackets", lines{xff, "6.6.6.6, [203.0.113.7]"}, testPeer},
		{"an open bracket", lines{xff, "6.6.6.6, [2001:db8::1"}, testPeer},
		{"leading zeros", lines{xff, "6.6.6.6, 203.0.113.007"}, testPeer},
		{"a hex address", lines{xff, "6.6.6.6, 0xcb007107"}, testPeer},
		{"two addresses in one element", lines{xff, "6.6.6.6 203.0.113.7"}, testPeer},

		{"Forwarded", lines{"Forwarded", "for=203.0.113.7"}, "203.0.113.7"},
		{"Forwarded with IPv6", lines{"Forwarded", `for="[2001:db8::1]:443"`}, "2001:db8::1"},
		{"Forwarded with more parameters", lines{"Forwarded", `by=10.0.0.2; For="203.0.113.7:80" ;proto=https`},
			"203.0.113.7"},
		{"Forwarded by several", lines{"Forwarded", `for=6.6.6.6, for=203.0.113.7;by=_p`, "Forwarded", "for=10.0.0.2"},
			"203.0.113.7"},
		{"Forwarded with an open quote", lines{"Forwarded", `for="6.6.6.6, for=203.0.113.7`}, "203.0.113.7"},
		{"Forwarded without for", lines{"Forwarded", "for=6.6.6.6, proto=https"}, testPeer},
		{"Forwarded with two", lines{"Forwarded", "for=6.6.6.6;for=203.0.113.7"}, testPeer},
		{"Forwarded with an unknown", lines{"Forwarded", "for=6.6.6.6, for=unknown"}, testPeer},
		{"Forwarded with an obfuscated name", lines{"Forwarded", `for=6.6.6.6, for="_gazonk"`}, testPeer},
		{"both", lines{"Forwarded", "for=203.0.113.7", xff, "203.0.113.7"}, "203.0.113.7"},
		{"both, each with claims of the client", lines{"Forwarded", "for=6.6.6.6, for=203.0.113.7;by=10.0.0.1",
			xff, "7.7.7.7, 203.0.113.7"}, "203.0.113.7"},
		{"both, of one proxy and of two", lines{"Forwarded", "for=203.0.113.7", xff, "203.0.113.7, 10.0.0.2"},
			"203.0.113.7"},
		{"one of the client", lines{"Forwarded", "for=6.6.6.6", xff, "203.0.113.7"}, testPeer},
		{"one of the client that names a proxy", lines{"Forwarded", "for=10.0.0.2", xff, "203.0.113.7"}, testPeer},
		{"one of the client that names nobody", lines{"Forwarded", "x", xff, "203.0.113.7"}, testPeer},
		{"an empty one of the client", lines{"Forwarded", "", xff, "203.0.113.7"}, testPeer},
		{"a scheme of the client", lines{"Forwarded", "for=203.0.113.7", "X-Forwarded-Proto", "http"}, testPeer},
		{"other headers", lines{"X-Real-IP", "6.6.6.6", "Client-IP", "6.6.6.6", "True-Client-IP", "6.6.6.6"}, testPeer},
	} {
		_, body := answer(t, server, test.header.request())
		if address, _, _ := strings.Cut(body, " "); address != test.want {
			t.Errorf("%s: %q is from %s, want %s", test.name, test.header, address, test.want)
		}
	}
}

func TestClientAddress_ofAStrangerIsThePeer(t *testing.T) {
	t.Parallel()
	for _, trusted := range [][]netip.Prefix{nil, {netip.MustParsePrefix("10.0.0.0/8")}} {
		server := addressServer(&App{TrustedProxies: trusted})
		header := lines{"X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https", "Forwarded", "for=203.0.113.7"}
		if _, body := answer(t, server, header.request()); body != testPeer+" http" {
			t.Errorf("with the proxies %v a stranger's headers make the request come from %s", trusted, body)
		}
	}
}

func TestScheme_isWhatTheOutermostTrustedProxySays(t *testing.T) {
	t.Parallel()
	const xff, proto = "X-Forwarded-For", "X-Forwarded-Proto"
	server := proxied(t)
	for _, test := range []struct {
		header lines
		want   string
	}{
		{lines{}, "http"},
		{lines{proto, "https"}, "https"},
		{lines{proto, " HTTPS "}, "https"},
		{lines{proto, "javascript"}, "http"},
		{lines{proto, "https://evil.example/"}, "http"},
		{lines{proto, "https", proto, "http"}, "http"}, // the client's own line
		{lines{xff, "203.0.113.7", proto, "https, http"}, "http"},
		{lines{xff, "203.0.113.7, 10.0.0.2", proto, "https, http"}, "https"}, // each of two proxies appended
		{lines{xff, "203.0.113.7, 10.0.0.2", proto, "https"}, "https"},       // one replaced it
		{lines{xff, "6.6.6.6, 203.0.113.7, 10.0.0.2", proto, "https, http, http"}, "http"},
		{lines{"Forwarded", "for=203.0.113.7;proto=https"}, "https"},
		{lines{"Forwarded", "for=6.6.6.6;proto=https, for=203.0.113.7;proto=http"}, "http"},
		{lines{"Forwarded", "for=203.0.113.7;proto=https", proto, "http"}, "http"},
		{lines{"X-Forwarded-Ssl", "on", "X-Url-Scheme", "https", "X-Forwarded-Protocol", "https"}, "http"},
	} {
		_, body := answer(t, server, test.header.request())
		if _, scheme, _ := strings.Cut(body, " "); scheme != test.want {
			t.Errorf("%q came by %s, want %s", test.header, scheme, test.want)
		}
	}
}

// Without TRUSTED_PROXIES everybody behind a proxy shares one limit: the log says so.
func TestBounded_warnsOnceOfAProxyThatIsNotTrusted(t *testing.T) {
	for _, test := range []struct {
		trusted []netip.Prefix
		header  string
		lines   int
	}{
		{nil, "203.0.113.7", 1},
		{nil, "", 0},
		{[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "203.0.113.7", 0},
	} {
		log := capture(t)
		app := &App{TrustedProxies: test.trusted}
		server := fiber.New(fiber.Config{DisableStartupMessage: true})
		server.Get("/", app.bounded, func(c *fiber.Ctx) error { return nil })
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go server.Listener(listener)
		for range 3 {
			request, _ := http.NewRequest(http.MethodGet, "http://"+listener.Addr().String(), nil)
			if test.header != "" {
				request.Header.Set("X-Forwarded-For", test.header)
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
		}
		if lines := log.take(); len(lines) != test.lines ||
			test.lines > 0 && !strings.Contains(lines[0], "TRUSTED_PROXIES") {
			t.Errorf("%+v logs %q", test, lines)
		}
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
	}
}

// A proxy on the same machine may connect by a Unix socket, which has no address.
func TestClientAddress_behindAUnixSocketIsWhatTheProxySays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := addressServer(&App{})
	served := make(chan error, 1)
	go func() { served <- server.Listener(listener) }()
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		<-served
	})
	for header, want := range map[string]string{"6.6.6.6, 203.0.113.7": "203.0.113.7", "6.6.6.6, unknown": localPeer} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		client := &http.Client{Transport: &http.Transport{
			DialContext: func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		}}
		request, _ := http.NewRequest(http.MethodGet, "http://localhost/", nil)
		request.Header.Set("X-Forwarded-For", header)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 64)
		n, _ := response.Body.Read(got)
		response.Body.Close()
		if string(got[:n]) != want+" http" {
			t.Errorf("%q is from %s, want %s", header, got[:n], want)
		}
	}
}
