package handlers

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// originServer answers whose cookie a request acts with: "agent" where it counts, else nothing.
func originServer(app *App) *fiber.App {
	server := fiber.New(fiber.Config{EnableTrustedProxyCheck: true})
	server.Get("/", func(c *fiber.Ctx) error { return c.SendString(app.WebSessionToken(c)) })
	return server
}

// trustingAll is what a proxy of ours, or a client that passes for one, sends.
var trustingAll = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}

func TestWebSessionToken_countsForTheOwnOriginOnly(t *testing.T) {
	t.Parallel()
	const xfh, proto = "X-Forwarded-Host", "X-Forwarded-Proto"
	for _, test := range []struct {
		name    string
		baseURL string
		host    string
		header  lines
		own     bool
	}{
		{"no origin", "", "chat.example", nil, true},
		{"the same", "", "chat.example", lines{"Origin", "http://chat.example"}, true},
		{"the same with a port", "", "chat.example:8080", lines{"Origin", "http://chat.example:8080"}, true},
		{"the same in upper case", "", "CHAT.example", lines{"Origin", "HTTP://chat.EXAMPLE"}, true},
		{"the default port", "", "chat.example:80", lines{"Origin", "http://chat.example"}, true},
		{"both with a dot", "", "chat.example.", lines{"Origin", "http://chat.example."}, true},
		{"an IPv6 address", "", "[::1]:8080", lines{"Origin", "http://[::1]:8080"}, true},
		{"behind a proxy with TLS", "", "chat.example", lines{proto, "https", "Origin", "https://chat.example"}, true},

		{"null", "", "chat.example", lines{"Origin", "null"}, false},
		{"empty", "", "chat.example", lines{"Origin", ""}, false},
		{"another host", "", "chat.example", lines{"Origin", "http://evil.example"}, false},
		{"a subdomain", "", "chat.example", lines{"Origin", "http://a.chat.example"}, false},
		{"a longer name", "", "chat.example", lines{"Origin", "http://chat.example.evil.example"}, false},
		{"another port", "", "chat.example", lines{"Origin", "http://chat.example:8080"}, false},
		{"no port", "", "chat.example:8080", lines{"Origin", "http://chat.example"}, false},
		{"the port of another scheme", "", "chat.example", lines{"Origin", "http://chat.example:443"}, false},
		{"another scheme", "", "chat.example", lines{"Origin", "https://chat.example"}, false},
		{"http behind a proxy with TLS", "", "chat.example", lines{proto, "https", "Origin", "http://chat.example"}, false},
		{"a dot more", "", "chat.example", lines{"Origin", "http://chat.example."}, false},
		{"a dot less", "", "chat.example.", lines{"Origin", "http://chat.example"}, false},
		{"user info", "", "chat.example", lines{"Origin", "http://evil@chat.example"}, false},
		{"the host as user info", "", "chat.example", lines{"Origin", "http://chat.example@evil.example"}, false},
		{"a path", "", "chat.example", lines{"Origin", "http://chat.example/"}, false},
		{"a query", "", "chat.example", lines{"Origin", "http://chat.example?x"}, false},
		{"a backslash", "", "chat.example", lines{"Origin", `http://chat.example\.evil.example`}, false},
		{"an open port", "", "chat.example", lines{"Origin", "http://chat.example:"}, false},
		{"no scheme", "", "chat.example", lines{"Origin", "chat.example"}, false},
		{"a scheme of its own", "", "chat.example", lines{"Origin", "chrome-extension://chat.example"}, false},
		{"another IPv6 address", "", "[::1]:8080", lines{"Origin", "http://[::2]:8080"}, false},
		{"two origins", "", "chat.example", lines{"Origin", "http://chat.example", "Origin", "http://evil.example"}, false},
		{"twice the same", "", "chat.example", lines{"Origin", "http://chat.example", "Origin", "http://chat.example"}, false},
		{"two in one line", "", "chat.example", lines{"Origin", "http://chat.example http://evil.example"}, false},
		{"a list", "", "chat.example", lines{"Origin", "http://chat.example, http://evil.example"}, false},
		{"a malformed host", "", "chat.example@evil.example", lines{"Origin", "http://evil.example"}, false},

		{"a forwarded host", "", "chat.example", lines{xfh, "evil.example", "Origin", "http://evil.example"}, false},
		{"a forwarded host aside", "", "chat.example", lines{xfh, "evil.example", "Origin", "http://chat.example"}, true},
		{"a forwarded server", "", "chat.example", lines{"X-Forwarded-Server", "evil.example", "X-Original-Host",
			"evil.example", "X-Host", "evil.example", "Origin", "http://evil.example"}, false},
		{"the host of Forwarded", "", "chat.example", lines{"Forwarded", "for=1.2.3.4;host=evil.example", "Origin",
			"http://evil.example"}, false},

		{"a page of the same site", "", "chat.example", lines{"Sec-Fetch-Site", "same-site"}, false},
		{"a page of another site", "", "chat.example", lines{"Sec-Fetch-Site", "cross-site"}, false},
		{"a page of ours", "", "chat.example", lines{"Sec-Fetch-Site", "same-origin"}, true},
		{"the address bar", "", "chat.example", lines{"Sec-Fetch-Site", "none"}, true},

		{"BASE_URL", "https://chat.example", "10.0.0.1:8080", lines{"Origin", "https://chat.example"}, true},
		{"BASE_URL with a port", "https://chat.example:8443", "x", lines{"Origin", "https://chat.example:8443"}, true},
		{"the host in spite of BASE_URL", "https://chat.example", "evil.example", lines{"Origin", "http://evil.example"}, false},
		{"http in spite of BASE_URL", "https://chat.example", "chat.example", lines{"Origin", "http://chat.example"}, false},
		{"https in spite of BASE_URL", "http://chat.example", "chat.example", lines{proto, "https", "Origin",
			"https://chat.example"}, false},
		{"another port than BASE_URL", "https://chat.example", "chat.example:8443", lines{"Origin",
			"https://chat.example:8443"}, false},
		{"a forwarded host in spite of BASE_URL", "https://chat.example", "chat.example", lines{xfh, "evil.example", "Origin",
			"https://evil.example"}, false},
	} {
		server := originServer(&App{BaseURL: test.baseURL, TrustedProxies: trustingAll})
		request := test.header.request()
		request.Host = test.host
		request.Header.Set("Cookie", "session=agent")
		if _, body := answer(t, server, request); (body == "agent") != test.own {
			t.Errorf("%s: %q at %s with BASE_URL %q acts as %q", test.name, test.header, test.host, test.baseURL, body)
		}
	}
}

// Fiber's own ways to these believe any proxy's X-Forwarded-Host, or the first X-Forwarded-For.
func TestSource_readsAddressesAndHostsInOnePlace(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`\b(c|ctx)\.(Hostname|Protocol|BaseURL|IP|IPs|Secure|Subdomains|IsFromLocal|IsProxyTrusted)\(|` +
		`\.RemoteIP\(|URI\(\)\.Host\(|"X-Forwarded|HeaderXForwarded`)
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) < 20 {
		t.Fatal(sources, err)
	}
	for _, source := range append(sources, "realtime/realtime.go", "../cmd/parley/serve.go") {
		if strings.HasSuffix(source, "_test.go") || source == "address.go" {
			continue
		}
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		if found := forbidden.FindString(string(text)); found != "" {
			t.Errorf("%s uses %s; address.go and origin.go are for that", source, found)
		}
	}
}

// Of a stranger no header decides on the scheme either.
func TestWebSessionToken_withoutATrustedProxyTheConnectionDecidesOnTheScheme(t *testing.T) {
	t.Parallel()
	server := originServer(&App{})
	request := lines{"X-Forwarded-Proto", "https", "Origin", "https://chat.example"}.request()
	request.Host = "chat.example"
	request.Header.Set("Cookie", "session=agent")
	if _, body := answer(t, server, request); body != "" {
		t.Error("a page with https acts as an agent of a server without")
	}
}

func TestBaseURL_comesFromTheHostHeaderAlone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		baseURL, host string
		header        lines
		want          string
	}{
		{"", "chat.example:8080", lines{"X-Forwarded-Host", "evil.example"}, "http://chat.example:8080"},
		{"", "chat.example", lines{"X-Forwarded-Proto", "https"}, "https://chat.example"},
		{"", "[::1]:8080", nil, "http://[::1]:8080"},
		{"https://chat.example", "evil.example", lines{"X-Forwarded-Host", "evil.example"}, "https://chat.example"},
		{"", "chat'example", nil, ""},
		{"", "chat$example", nil, ""},
		{"", "a@b", nil, ""},
	} {
		app := &App{BaseURL: test.baseURL, TrustedProxies: trustingAll}
		server := fiber.New(fiber.Config{EnableTrustedProxyCheck: true})
		server.Get("/", func(c *fiber.Ctx) error { return c.SendString(app.baseURL(c)) })
		request := test.header.request()
		request.Host = test.host
		if _, body := answer(t, server, request); body != test.want {
			t.Errorf("at %s with %q the base is %s, want %s", test.host, test.header, body, test.want)
		}
	}
}

// What a proxy passes on from a client shows up in no page, link, cookie or redirect.
func TestRoutes_aForwardedHostIsNowhereInAnAnswer(t *testing.T) {
	server, app, cookie := testApp(t)
	app.TrustedProxies = trustingAll
	d := &desk{t, server, app, cookie}
	admin := d.admin()
	belongings := d.belongings()
	for row := range guards {
		method, path, _ := strings.Cut(row, " ")
		if method != http.MethodGet {
			continue
		}
		request := httptest.NewRequest(method, addressOf(path, belongings), nil)
		request.Header.Set("Cookie", "session="+admin.cookie)
		for _, name := range []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host", "X-Host"} {
			request.Header.Set(name, "evil.example")
		}
		request.Header.Set("Forwarded", "host=evil.example")
		response, body := answer(t, server, request)
		if strings.Contains(body, "evil.example") || strings.Contains(fmt.Sprint(response.Header), "evil.example") {
			t.Errorf("%s repeats the forwarded host", row)
		}
	}
}

func TestRoutes_aMalformedHostIsRefused(t *testing.T) {
	server, app, _ := testApp(t)
	for host, status := range map[string]int{"a@b": 400, "x$y": 400, "chat.example": 200, "[::1]:80": 200} {
		request := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		request.Host = host
		if response, _ := answer(t, server, request); response.StatusCode != status {
			t.Errorf("the host %s is answered %d", host, response.StatusCode)
		}
	}
	app.BaseURL = "https://chat.example"
	request := httptest.NewRequest(http.MethodGet, "/healthz", nil)
	request.Host = "a@b"
	if response, _ := answer(t, server, request); response.StatusCode != http.StatusOK {
		t.Errorf("with BASE_URL a malformed host is answered %d", response.StatusCode)
	}
}

func TestAPI_aForeignPageIsNotTheAgent(t *testing.T) {
	server, app, cookie := testApp(t)
	d := &desk{t, server, app, cookie}
	conversation := d.conversation("Eve", "hello")
	for path, method := range map[string]string{
		"/api/conversations/":                            http.MethodGet,
		"/api/conversations/" + conversation:             http.MethodGet,
		"/api/conversations/" + conversation + "/assign": http.MethodPost,
	} {
		for origin, status := range map[string]int{
			"http://example.com":  http.StatusOK, // the host of these requests
			"http://evil.example": http.StatusUnauthorized,
			"null":                http.StatusUnauthorized,
		} {
			response, _ := ask(t, server, method, path, cookie, "Origin", origin, "X-CSRFToken",
				app.WebSessions.CSRFToken(cookie))
			if response.StatusCode != status {
				t.Errorf("%s %s from %s is answered %d", method, path, origin, response.StatusCode)
			}
			for name := range response.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s %s answers %s with %s", method, path, origin, name)
				}
			}
		}
	}
	request := httptest.NewRequest(http.MethodOptions, "/api/conversations/", nil)
	request.Header.Set("Origin", "http://evil.example")
	request.Header.Set("Access-Control-Request-Method", "POST")
	if response, _ := answer(t, server, request); response.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a preflight from a foreign page is allowed")
	}
}
