package handlers

import (
	"net/http"
	"net/netip"
	"sync"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// socketServer answers a handshake with 200, or 429 where it is not admitted, and keeps how to release the sockets.
func socketServer(app *App, releases *[]func()) *fiber.App {
	server := fiber.New(fiber.Config{EnableTrustedProxyCheck: true})
	server.Get("/", func(c *fiber.Ctx) error {
		release, ok := app.AdmitSocket(c)
		if !ok {
			return c.SendStatus(fiber.StatusTooManyRequests)
		}
		*releases = append(*releases, release)
		return nil
	})
	return server
}

func TestAdmitSocket_countsTheOpenSocketsOfAnAddress(t *testing.T) {
	_, app, cookie := testApp(t)
	app.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(testPeer + "/32")}
	app.AddressLimits.Sockets = 2
	var releases []func()
	server := socketServer(app, &releases)
	admitted := func(address, cookie string, header ...string) bool {
		t.Helper()
		response, _ := ask(t, server, http.MethodGet, "/", cookie, append(header, "X-Forwarded-For", address)...)
		return response.StatusCode == http.StatusOK
	}
	for _, address := range []string{"203.0.113.7", "203.0.113.7", "2001:db8::1", "2001:db8::2"} {
		if !admitted(address, "") {
			t.Errorf("%s is refused below the limit", address)
		}
	}
	for _, address := range []string{"203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7:52341", "2001:db8::3"} {
		if admitted(address, "") || admitted(address, "a cookie that names nothing") {
			t.Errorf("%s has more sockets than the limit", address)
		}
	}
	for _, address := range []string{"203.0.113.8", "2001:db8:0:1::1"} {
		if !admitted(address, "") {
			t.Errorf("%s is refused for the sockets of another address", address)
		}
	}
	if !admitted("203.0.113.7", cookie) {
		t.Error("an agent is refused")
	}
	if admitted("203.0.113.7", cookie, "Origin", "https://evil.example") {
		t.Error("a foreign page passes the limit with an agent's cookie")
	}

	releases[0]()
	if !admitted("203.0.113.7", "") || admitted("203.0.113.7", "") {
		t.Error("closing one socket does not make room for exactly one")
	}
	for _, release := range releases[1:] {
		release()
	}
	if n := len(app.openSockets.open); n != 0 {
		t.Errorf("%d addresses are counted after the last socket has closed", n)
	}
}

func TestAdmitSocket_withoutALimitAdmitsAll(t *testing.T) {
	app := &App{}
	var releases []func()
	server := socketServer(app, &releases)
	for range 20 {
		if response, _ := ask(t, server, http.MethodGet, "/", ""); response.StatusCode != http.StatusOK {
			t.Fatal("a socket is refused although there is no limit")
		}
	}
}

func TestOpenSockets_letNoMoreThroughAtOnce(t *testing.T) {
	var sockets openSockets
	var admitted sync.Map
	var wait sync.WaitGroup
	for i := range 100 {
		wait.Go(func() {
			if sockets.take("key", 10) {
				admitted.Store(i, true)
			}
		})
	}
	wait.Wait()
	n := 0
	admitted.Range(func(any, any) bool { n++; return true })
	if n != 10 {
		t.Errorf("%d sockets were admitted", n)
	}
}
