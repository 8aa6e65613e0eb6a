package socketio_test

import (
	"net/http"
	"strings"
	"testing"

	"parley/handlers/socketio"
)

// respond sends a request from an origin, and returns the answer's headers.
func (w *world) respond(method, url, origin string) http.Header {
	w.t.Helper()
	request, _ := http.NewRequest(method, url, strings.NewReader("40"))
	request.Header.Set("Origin", origin)
	request.Header.Set("Access-Control-Request-Method", "POST")
	request.Header.Set("Access-Control-Request-Headers", "content-type, x-stranger")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	read(w.t, response)
	return response.Header
}

func TestCORS_onlyAllowedOriginsMayPoll(t *testing.T) {
	w := newWorld(t, socketio.Options{AllowOrigin: func(o string) bool { return o == "https://shop.example" }}, nil)
	for origin, allowed := range map[string]bool{"https://shop.example": true, "https://evil.example": false, "": false} {
		for _, method := range []string{http.MethodPost, http.MethodOptions} { // neither opens a session
			want := map[string]string{"Vary": "Origin"}
			if allowed {
				want["Access-Control-Allow-Origin"] = origin
				want["Access-Control-Allow-Credentials"] = "true"
			}
			if allowed && method == http.MethodOptions {
				want["Access-Control-Allow-Methods"] = "GET, POST"
				want["Access-Control-Allow-Headers"] = "Content-Type" // and nothing of what was asked for
				want["Access-Control-Max-Age"] = "600"
			}
			got := w.respond(method, w.url("transport=polling"), origin)
			for _, name := range []string{"Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials",
				"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
				"Access-Control-Expose-Headers"} {
				if got.Get(name) != want[name] {
					t.Errorf("%s from %q: %s is %q, want %q", method, origin, name, got.Get(name), want[name])
				}
			}
		}
	}
}

func TestHeaders_everyAnswerHasTheSecurityHeaders(t *testing.T) {
	w := newWorld(t, socketio.Options{AllowOrigin: func(string) bool { return true }}, nil)
	s := w.openPolling()
	s.post("40")
	full := newWorld(t, socketio.Options{MaxConnections: 1}, nil)
	full.join()
	for _, c := range []struct{ name, method, url string }{
		{"handshake", http.MethodGet, w.url("transport=polling")},
		{"poll", http.MethodGet, w.url("transport=polling&sid=" + s.sid)},
		{"post", http.MethodPost, w.url("transport=polling&sid=" + s.sid)},
		{"preflight", http.MethodOptions, w.url("transport=polling")},
		{"unknown transport", http.MethodGet, w.url("transport=pigeon")},
		{"unknown session", http.MethodGet, w.url("transport=polling&sid=x")},
		{"bad method", http.MethodDelete, w.url("transport=polling")},
		{"no upgrade", http.MethodGet, w.url("transport=websocket")},
		{"full", http.MethodGet, full.url("transport=polling")},
	} {
		got := w.respond(c.method, c.url, "https://shop.example")
		for name, want := range map[string]string{
			"X-Content-Type-Options":       "nosniff",
			"Cache-Control":                "no-store",
			"Content-Security-Policy":      "default-src 'none'; frame-ancestors 'none'",
			"Cross-Origin-Resource-Policy": "cross-origin",
			"Referrer-Policy":              "no-referrer",
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s is %q", c.name, name, got.Get(name))
			}
		}
	}
}
