package handlers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// meteredListener lets its connections hold some bytes, all together.
type meteredListener struct {
	net.Listener
	most, held atomic.Int64
}

type meteredConn struct {
	net.Conn
	of *meteredListener
}

func (l *meteredListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &meteredConn{conn, l}, err
}

func (c *meteredConn) Hold(bytes int) bool {
	if c.of.held.Add(int64(bytes)) > c.of.most.Load() {
		c.of.held.Add(int64(-bytes))
		return false
	}
	return true
}

// metered is a server with a list of n texts at /n, and a page of one of n bytes at /page/n.
func metered(t *testing.T, app *App) (address string, l *meteredListener) {
	t.Helper()
	server := fiber.New(fiber.Config{DisableStartupMessage: true, ErrorHandler: app.problem})
	app.limitRequests(server)
	server.Use(compressed)
	server.Get("/page/:n", func(c *fiber.Ctx) error {
		n, _ := c.ParamsInt("n")
		return render(c, fiber.StatusOK, text(n), nil)
	})
	server.Get("/api/:n", func(c *fiber.Ctx) error {
		n, _ := c.ParamsInt("n")
		list := make([]string, n)
		for i := range list {
			list[i] = listed(i)
		}
		err := sendList(c, list, func(text string) any { return text })
		for _, left := range list {
			if err == nil && left != "" {
				t.Errorf("the list keeps %.20s", left)
			}
		}
		return err
	})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = &meteredListener{Listener: inner}
	l.most.Store(1 << 30)
	go server.Listener(l)
	t.Cleanup(func() { l.Close() })
	return inner.Addr().String(), l
}

// listed is an element of a list, of 1,000 bytes as JSON.
func listed(i int) string { return fmt.Sprintf("%0998d", i) }

func TestAnswers_areCompleteWhateverTheirSize(t *testing.T) {
	_, app, _ := testApp(t)
	address, l := metered(t, app)
	for _, n := range []int{0, 1, 4, 5, 63, 64, 65, 255, 256, 257, 300, 3000} {
		for _, encoding := range []string{"", "br"} {
			w := dial(t, address)
			w.send("GET", fmt.Sprint("/api/", n), "Accept-Encoding: "+encoding+"\r\n", "")
			response, body := w.answer()
			whole := n*1002 <= mostWhole
			if zipped := response.Header.Get("Content-Encoding") != ""; zipped != (encoding != "" && whole && n > 0) {
				t.Errorf("%d texts are compressed: %t", n, zipped)
			} else if zipped {
				continue
			}
			var list []string
			if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) != n || list == nil {
				t.Fatalf("%d texts are %d, %v", n, len(list), err)
			}
			for i, text := range list {
				if text != listed(i) {
					t.Fatalf("of %d, %d is %.50q", n, i, text)
				}
			}
			if response.ContentLength != int64(len(body)) || response.Header.Get("Content-Type") != fiber.MIMEApplicationJSON {
				t.Errorf("%d texts: %v", n, response.Header)
			}
		}
		w := dial(t, address)
		w.send("GET", fmt.Sprintf("/page/%d", n*1000), "", "")
		if _, body := w.answer(); body != strings.Repeat("x", n*1000) {
			t.Errorf("a page of %d bytes has %d", n*1000, len(body))
		}
	}
	if l.held.Load() < 2*3000*1000 {
		t.Errorf("only %d bytes were counted", l.held.Load())
	}
}

// What is too much is refused whole, and nothing of it stays counted.
func TestAnswers_areCountedWhileTheyAreBuilt(t *testing.T) {
	_, app, _ := testApp(t)
	address, l := metered(t, app)
	for _, path := range []string{"/api/2000", "/page/2000000"} {
		l.held.Store(0)
		l.most.Store(1_500_000)
		w := dial(t, address)
		w.send("GET", path, "", "")
		response, body := w.answer()
		if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "2" ||
			len(body) > 20_000 || l.held.Load() != int64(len(body)) {
			t.Errorf("%s: %d, %v, %d bytes, and %d held", path, response.StatusCode, response.Header, len(body), l.held.Load())
		}
		l.most.Store(2_500_000)
		w.send("GET", path, "", "")
		if response, body := w.answer(); response.StatusCode != http.StatusOK || len(body) < 2_000_000 ||
			l.held.Load() < 2_000_000 {
			t.Errorf("%s: %d, %d bytes, and %d held", path, response.StatusCode, len(body), l.held.Load())
		}
	}
}

// text is a component of so many bytes, written in small parts.
type text int

func (n text) Render(_ context.Context, w io.Writer) error {
	for range int(n) / 100 {
		if _, err := io.WriteString(w, strings.Repeat("x", 100)); err != nil {
			return err
		}
	}
	return nil
}
