package handlers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// everywhere is a path of each kind: a form for anybody, one for users, JSON, sockets, files, pages, nothing.
var everywhere = []string{"/auth/login", "/inbox/x/claim", "/api/conversations/x/tag", "/socket.io/?EIO=4", "/profile/photo",
	"/static/app/app.build.css", "/chat-widget", "/chat-widget/history/x", "/nowhere", "/healthz"}

// listening is the address at which server answers until the test ends.
func listening(t *testing.T, server *fiber.App) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Listener(listener) }()
	t.Cleanup(func() {
		listener.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// wire is a connection on which a test writes requests byte by byte.
type wire struct {
	*testing.T
	net.Conn
	reader *bufio.Reader
}

func dial(t *testing.T, address string) *wire {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &wire{t, conn, bufio.NewReader(conn)}
}

// send writes the header of a request, and what follows it.
func (w *wire) send(method, path, header, body string) {
	w.Helper()
	if _, err := fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n%s", method, path, header, body); err != nil {
		w.Fatal(err)
	}
}

func (w *wire) answer() (*http.Response, string) {
	w.Helper()
	response, err := http.ReadResponse(w.reader, nil)
	if err != nil {
		w.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.Fatal(err)
	}
	return response, string(body)
}

// refused asserts an answer with that status and a sentence, in the form of its path.
func (w *wire) refused(path string, status int) {
	w.Helper()
	response, body := w.answer()
	if response.StatusCode != status {
		w.Errorf("%s is answered %d, want %d: %.200s", path, response.StatusCode, status, body)
	}
	code := `{"error":"invalid_request","message":"`
	if status == http.StatusRequestEntityTooLarge {
		code = `{"error":"too_large","message":"`
	}
	path = strings.TrimPrefix(path, "http://localhost")
	isJSON := strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/socket.io") ||
		strings.HasPrefix(path, "/chat-widget/history")
	if isJSON != strings.HasPrefix(body, code) || isJSON == strings.HasPrefix(body, "<!doctype html>") {
		w.Errorf("%s is answered %d %.200s", path, response.StatusCode, body)
	}
}

// ended asserts that the server closes the connection without another answer.
func (w *wire) ended() {
	w.Helper()
	if rest, err := io.ReadAll(w.reader); len(rest) > 0 {
		w.Errorf("a further answer: %.200q, %v", rest, err)
	} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		w.Error("the connection stays open")
	}
}

func TestRequests_compressedOnesAreRefusedBeforeTheirBodyIsRead(t *testing.T) {
	server, _, _ := testApp(t)
	address := listening(t, server)
	encodings := []string{"gzip", "GZip", " gzip ", "deflate", "br", "zstd", "compress", "x-gzip", "gzip, gzip", "identity, gzip",
		"none", "identity\r\nContent-Encoding: gzip"}
	for _, path := range everywhere {
		for _, encoding := range encodings {
			header := "Content-Encoding: " + encoding + "\r\n"
			for _, method := range []string{"POST", "GET", "PUT", "DELETE"} {
				w := dial(t, address)
				w.send(method, path, header+"Content-Length: 1000\r\n", "")
				w.refused(path, http.StatusUnsupportedMediaType)
				w.ended()
			}
			w := dial(t, address)
			w.send("POST", path, header+"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "")
			w.refused(path, http.StatusUnsupportedMediaType)
			w.ended()
		}
		w := dial(t, address)
		w.send("POST", path, "Content-Encoding: identity\r\nContent-Length: 3\r\n", "a=b")
		if response, body := w.answer(); response.StatusCode == http.StatusUnsupportedMediaType {
			t.Errorf("%s refuses a plain body: %s", path, body)
		}
	}
}

func TestRequests_bodiesHaveALimit(t *testing.T) {
	server, app, cookie := testApp(t)
	address := listening(t, server)
	login := "Content-Type: application/x-www-form-urlencoded\r\nCookie: session=" + cookie + "\r\nX-CSRFToken: " +
		app.WebSessions.CSRFToken(cookie) + "\r\n"
	chunks := func(size int) string { return fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size, strings.Repeat("x", size)) }
	for path, limit := range map[string]int{"/auth/login": maxBody, "/profile/name": maxBody, "/profile/photo": maxPhotoBody,
		"/profile/photo//": maxPhotoBody, "/api/conversations/x/tag": maxBody, "/socket.io/?EIO=4": maxPollBody,
		"/socket.io//": maxPollBody, "http://localhost/socket.io/?EIO=4": maxPollBody} {
		w := dial(t, address)
		w.send("POST", path, login+fmt.Sprintf("Content-Length: %d\r\n", limit+1), "")
		w.refused(path, http.StatusRequestEntityTooLarge)
		w.ended()
		w = dial(t, address)
		w.send("POST", path, login+"Expect: 100-continue\r\n"+fmt.Sprintf("Content-Length: %d\r\n", limit+1), "")
		w.refused(path, http.StatusRequestEntityTooLarge)
		w.ended()
		w = dial(t, address)
		go io.WriteString(w, "POST "+path+" HTTP/1.1\r\nHost: localhost\r\n"+login+"Transfer-Encoding: chunked\r\n\r\n"+chunks(limit+1))
		w.refused(path, http.StatusRequestEntityTooLarge)

		w = dial(t, address)
		w.send("POST", path, login+"Transfer-Encoding: chunked\r\n", chunks(limit))
		if response, body := w.answer(); response.StatusCode == http.StatusRequestEntityTooLarge {
			t.Errorf("%s refuses %d bytes: %.200s", path, limit, body)
		}
		w.send("GET", "/healthz", "", "")
		if response, _ := w.answer(); response.StatusCode != 200 {
			t.Errorf("after %s the next request is answered %d", path, response.StatusCode)
		}
	}
}

func TestRequests_anUnknownMethodIsRefusedLikeEverythingElse(t *testing.T) {
	server, _, _ := testApp(t)
	address := listening(t, server)
	for _, path := range everywhere {
		for _, method := range []string{"BREW", "get", "PROPFIND"} {
			w := dial(t, address)
			w.send(method, path, "", "")
			response, body := w.answer()
			isJSON := strings.HasPrefix(body, `{"error":"invalid_request","message":"`)
			if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD, POST" ||
				!isJSON && !strings.HasPrefix(body, "<!doctype html>") {
				t.Errorf("%s %s is answered %d %.100s", method, path, response.StatusCode, body)
			}
			if response.Header.Get("X-Content-Type-Options") != "nosniff" ||
				response.Header.Get("Cache-Control") != "no-store" ||
				!strings.Contains(response.Header.Get("Content-Security-Policy"), "default-src 'none'") {
				t.Errorf("%s %s has the headers %v", method, path, response.Header)
			}
		}
	}
}

// A body that nobody reads must not be taken for the next request.
func TestRequests_anUnreadBodyEndsTheConnection(t *testing.T) {
	server, _, cookie := testApp(t)
	address := listening(t, server)
	hidden := "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for _, path := range []string{"/nowhere", "/inbox/x/claim", "/profile/photo", "/healthz", "/static/app/app.build.css"} {
		for _, method := range []string{"POST", "GET", "PUT", "BREW"} {
			w := dial(t, address)
			w.send(method, path, fmt.Sprintf("Content-Length: %d\r\n", len(hidden)), hidden)
			w.answer()
			w.ended()
			w = dial(t, address)
			w.send(method, path, "Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(hidden), hidden))
			w.answer()
			w.ended()
		}
	}
	w := dial(t, address)
	w.send("POST", "/profile/name", "Cookie: session="+cookie+"\r\nContent-Length: 0\r\n", "")
	if response, _ := w.answer(); response.StatusCode != 403 || response.Close {
		t.Errorf("an empty body is answered %d, and ends the connection: %v", response.StatusCode, response.Close)
	}
}

func TestRequests_fieldsAreCounted(t *testing.T) {
	server, app, cookie := testApp(t)
	part := func(i int) string {
		return fmt.Sprintf("--x\r\nContent-Disposition: form-data; name=\"f%d\"\r\n\r\n\r\n", i)
	}
	parts := func(n int) (body string) {
		var all strings.Builder
		for i := range n {
			all.WriteString(part(i))
		}
		return all.String() + "--x--\r\n"
	}
	form, multipart := "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	for _, try := range []struct {
		what, kind, body string
		status           int
	}{
		{"1,000 fields", form, strings.Repeat("a&", 999), 400}, // the name is missing
		{"1,001 fields", form, strings.Repeat("a&", 1000), 400},
		{"1,000 parts", multipart, parts(1000), 400},
		{"1,001 parts", multipart, parts(1001), 400},
		{"10,001 header lines", multipart, "--x\r\nContent-Disposition: form-data; name=\"f\"\r\n" +
			strings.Repeat("a: b\r\n", 10_001) + "\r\n\r\n--x--\r\n", 400},
		{"the name", form, "name=Ada", 303},
		{"the name in a part", multipart, "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n--x--\r\n", 303},
	} {
		request, _ := http.NewRequest("POST", "http://localhost/profile/name", strings.NewReader(try.body))
		request.Header.Set("Content-Type", try.kind)
		request.Header.Set("Cookie", "session="+cookie)
		request.Header.Set("X-CSRFToken", app.WebSessions.CSRFToken(cookie))
		response, body := answer(t, server, request)
		counted := strings.Contains(body, "The form has too many fields.")
		many := strings.Contains(try.what, "1,001") || strings.Contains(try.what, "10,001")
		if response.StatusCode != try.status || counted != many {
			t.Errorf("%s: %d, too many: %v", try.what, response.StatusCode, counted)
		}
	}
}

func TestRequests_headersAreCounted(t *testing.T) {
	server, _, _ := testApp(t)
	address := listening(t, server)
	const query = "EIO=4&transport=polling&t="
	const poll = "/socket.io/?" + query
	for _, try := range []struct {
		what, path, header string
		status             int
	}{
		{"90 headers", "/healthz", strings.Repeat("a: b\r\n", 90), 200},
		{"101 headers", "/healthz", strings.Repeat("a: b\r\n", 101), 431},
		{"headers without a value", "/healthz", strings.Repeat("a:\r\n", 3000), 431},
		{"more than 16 KB", "/healthz", "a: " + strings.Repeat("b", maxHeader) + "\r\n", 431},
		{"180 cookies", "/healthz", "Cookie: " + strings.Repeat("a=b; ", 180) + "\r\n", 200},
		{"5,000 cookies", "/healthz", "Cookie: " + strings.Repeat("a;", 5000) + "\r\n", 431},
		{"100 parameters", "/healthz?" + strings.Repeat("a=b&", 100), "", 200},
		{"5,000 parameters", "/healthz?" + strings.Repeat("a&", 5000), "", 400},
		{"a query of 1,024 bytes", poll + strings.Repeat("a", 1024-len(query)), "", 200},
		{"a query of 1,025 bytes", poll + strings.Repeat("a", 1025-len(query)), "", 414},
		{"2,000 bytes elsewhere", "/healthz?" + strings.Repeat("a", 2000), "", 200},
		{"7 KB of a poll", poll, "Cookie: a=" + strings.Repeat("b", 7<<10) + "\r\n", 200},
		{"8 KB of a poll", poll, "Cookie: a=" + strings.Repeat("b", 8<<10) + "\r\n", 431},
		{"8 KB elsewhere", "/healthz", "Cookie: a=" + strings.Repeat("b", 8<<10) + "\r\n", 200},
	} {
		w := dial(t, address)
		w.send("GET", try.path, try.header, "")
		if response, body := w.answer(); response.StatusCode != try.status {
			t.Errorf("%s: %d %.200s", try.what, response.StatusCode, body)
		}
		w = dial(t, address)
		w.send("POST", try.path, try.header+"Content-Length: 1000\r\n", "") // the body never comes
		if try.status == 200 {
			continue
		}
		if response, body := w.answer(); response.StatusCode != try.status {
			t.Errorf("%s, without the body: %d %.200s", try.what, response.StatusCode, body)
		}
		w.ended()
	}
}

// hurried makes every deadline of server's requests short, where there is one.
func hurried(server *fiber.App) {
	http := server.Server()
	given := http.HeaderReceived
	http.HeaderReceived = func(header *fasthttp.RequestHeader) fasthttp.RequestConfig {
		config := given(header)
		if config.ReadTimeout > 0 {
			config.ReadTimeout = 50 * time.Millisecond
		}
		return config
	}
	http.ReadTimeout = min(http.ReadTimeout, 50*time.Millisecond)
	http.IdleTimeout = min(http.IdleTimeout, 50*time.Millisecond)
}

func TestRequests_slowOnesEnd(t *testing.T) {
	server, _, cookie := testApp(t)
	hurried(server)
	address := listening(t, server)
	for what, sent := range map[string]string{
		"nothing":          "",
		"half a line":      "GET /hea",
		"half a header":    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ",
		"half a body":      "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
		"no body":          "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n",
		"half a chunk":     "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
		"half an ending":   "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
		"half a trailer":   "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n0\r\nX-A: ",
		"an expected body": "POST /auth/login HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
		"half a photo": "POST /profile/photo HTTP/1.1\r\nHost: localhost\r\nCookie: session=" + cookie +
			"\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("x", 9000),
	} {
		w := dial(t, address)
		io.WriteString(w, sent)
		answer, err := io.ReadAll(w.reader)
		answer = bytes.TrimPrefix(answer, []byte("HTTP/1.1 100 Continue\r\n\r\n"))
		if err != nil || len(answer) > 0 && !bytes.HasPrefix(answer, []byte("HTTP/1.1 4")) {
			t.Errorf("%s: %v, %.100q", what, err, answer)
		}
	}
}

func TestRequests_anEndlessTrailerEnds(t *testing.T) {
	server, _, _ := testApp(t)
	w := dial(t, listening(t, server))
	w.send("POST", "/auth/login", "Transfer-Encoding: chunked\r\n", "0\r\n")
	go func() {
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(w, "X-%d: %s\r\n", i, strings.Repeat("x", 100)); err != nil {
				return
			}
		}
	}()
	if response, body := w.answer(); response.StatusCode != 400 && response.StatusCode != 431 {
		t.Errorf("%d %.200s", response.StatusCode, body)
	}
}

// allocatedBy is how many bytes the process allocates while do runs.
func allocatedBy(do func()) uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	do()
	metrics.Read(sample)
	return sample[0].Value.Uint64() - before
}

// What a stranger or an agent sends in one request costs little memory, whatever it is.
func TestRequests_costLittleMemory(t *testing.T) {
	server, app, cookie := testApp(t)
	address := listening(t, server)
	agent := "Cookie: session=" + cookie + "\r\nX-CSRFToken: " + app.WebSessions.CSRFToken(cookie) + "\r\n"
	form, json := "Content-Type: application/x-www-form-urlencoded\r\n", "Content-Type: application/json\r\n"
	multipart := "Content-Type: multipart/form-data; boundary=x\r\n"
	fill := func(with string) string { return strings.Repeat(with, maxBody/len(with)) }
	part := "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n"
	for _, try := range []struct{ what, path, header, body string }{
		{"a form of fields", "/auth/login", form, fill("a&")},
		{"a form of pairs", "/auth/login", form, fill("a=b&")},
		{"a form of escapes", "/auth/login", form, "a=" + fill("%41")},
		{"a form of one field", "/auth/login", form, "a=" + fill("x")[2:]},
		{"a form of parts", "/auth/login", multipart, fill(part + "\r\n\r\n")},
		{"a part of headers", "/auth/login", multipart, part + fill("b:\r\n")[200:]},
		{"a part of different headers", "/auth/login", multipart, part + different(maxBody-200, "b%d:\r\n")},
		{"a part of boundaries", "/auth/login", multipart, fill("--x\r\n")},
		{"a part of newlines", "/auth/login", multipart, fill("\r\n")},
		{"deep JSON", "/api/conversations/x/tag", agent + json, fill("[")},
		{"deep objects", "/api/conversations/x/tag", agent + json, fill(`{"a":`)},
		{"an object of keys", "/api/conversations/x/tag", agent + json, "{" + different(maxBody-20, `"%d":0,`) + `"a":0}`},
		{"a list of tags", "/api/conversations/x/tag", agent + json, `{"tags":[` + fill(`"",`)[100:] + `""]}`},
		{"a list of numbers", "/api/conversations/x/tag", agent + json, `{"tags":[` + fill(`1,`)[100:] + `1]}`},
		{"cookies", "/healthz", "Cookie: " + strings.Repeat("a;", 7000) + "\r\n", ""},
		{"headers", "/healthz", strings.Repeat("a:\r\n", 3500), ""},
		{"parameters", "/chat-widget?" + strings.Repeat("a&", 7000), "", ""},
		{"slashes", "/" + strings.Repeat("/", 14000), "", ""},
		{"dots", "/" + strings.Repeat("../", 4500), "", ""},
		{"escapes", "/" + strings.Repeat("%2e", 4500), "", ""},
		{"hops", "/auth/login", "X-Forwarded-For: " + strings.Repeat("1.1.1.1,", 1900) + "\r\n", ""},
		{"languages", "/chat-widget", "Accept-Language: " + strings.Repeat("de,", 5000) + "\r\n", ""},
		{"encodings", "/healthz", "Accept-Encoding: " + strings.Repeat("br,", 5000) + "\r\n", ""},
		{"ranges", "/static/app/app.build.css", "Range: bytes=" + strings.Repeat("0-,", 5000) + "\r\n", ""},
	} {
		cost := allocatedBy(func() {
			w := dial(t, address)
			go fmt.Fprintf(w, "POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\n\r\n%s", try.path,
				try.header, len(try.body), try.body)
			if response, body := w.answer(); response.StatusCode >= 500 {
				t.Errorf("%s: %d %.200s", try.what, response.StatusCode, body)
			}
		})
		t.Logf("%s: %d KB", try.what, cost>>10)
		if cost > 8<<20 {
			t.Errorf("%s costs %d KB", try.what, cost>>10)
		}
	}
}

// different repeats a format with a number until it has size bytes.
func different(size int, format string) string {
	var all strings.Builder
	for i := 0; all.Len() < size-20; i++ {
		fmt.Fprintf(&all, format, i)
	}
	return all.String()
}

// Fiber and fasthttp read, inflate and parse without a limit; only body.go may ask them to.
func TestBodies_areReadInOnePlace(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	forbidden := regexp.MustCompile(`\.(Body|BodyRaw|BodyParser|PostBody|PostArgs|MultipartForm|FormFile|BodyGunzip|` +
		`BodyInflate|BodyUncompressed|RequestBodyStream|SaveFile)\(`)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "body.go" || file == "request.go" {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := forbidden.Find(source); found != nil {
			t.Errorf("%s has %s", file, found)
		}
	}
}
