package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// Bodies that are larger in the server's memory than on the way there.
var bodyAttacks = []attack{
	{
		name:  "gzip-form",
		about: "8 forms with a file that `gzip` makes a thousandth as large, to the login page",
		run:   gzipForm,
	},
	{
		name:  "gzip-json",
		about: "8 JSON bodies that were compressed twice, by an agent",
		run:   gzipJSON,
	},
	{name: "form-fields", about: "100 forms of 1 MB, `a&a&a…`, to the login page", run: formFields},
	{name: "held-forms", about: "1,000 forms of 256 KB that lack their last byte", run: heldForms},
	{
		name:  "headers",
		about: "1,000 requests of 16 KB of headers, cookies and parameters",
		run:   headerFlood,
	},
}

const (
	formType      = "application/x-www-form-urlencoded"
	multipartType = "multipart/form-data; boundary=x"
	inflated      = 256 << 20
	held          = 10 * time.Second // how long an attack keeps its connections
)

func gzipForm(t *target) error {
	body := zipped(io.MultiReader(strings.NewReader("--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n"),
		io.LimitReader(zeros{}, inflated), strings.NewReader("\r\n--x--\r\n")))
	return parallel(8, 8, func(int) error {
		return t.post("/auth/login", multipartType, body, http.Header{"Content-Encoding": {"gzip"}})
	})
}

func gzipJSON(t *target) error {
	agent, err := login(t.base, t.email, t.password)
	if err != nil {
		return err
	}
	agent.Set("Content-Encoding", "gzip, gzip")
	body := zipped(bytes.NewReader(zipped(io.LimitReader(zeros{}, inflated))))
	return parallel(8, 8, func(int) error {
		return t.post("/api/conversations/x/tag", "application/json", body, agent)
	})
}

func formFields(t *target) error {
	body := bytes.Repeat([]byte("a&"), 1<<19)
	return parallel(100, 20, func(int) error { return t.post("/auth/login", formType, body, nil) })
}

func heldForms(t *target) error {
	body := bytes.Repeat([]byte("x"), 256<<10-1)
	err := parallel(1000, 100, func(int) error {
		conn, err := t.dial()
		if err == nil {
			err = request(conn, "/auth/login", formType, body, len(body)+1, nil)
		}
		return refusedIsFine(err)
	})
	time.Sleep(held)
	return err
}

func headerFlood(t *target) error {
	form := "POST /auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n"
	floods := []string{
		form + strings.Repeat("a:\r\n", 4000) + "\r\n",
		form + "Cookie: " + strings.Repeat("a;", 8000) + "\r\n\r\n",
		"GET /chat-widget?" + strings.Repeat("a&", 8000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /socket.io/?EIO=4&transport=polling&" + strings.Repeat("a&", 8000) + " HTTP/1.1\r\nHost: x\r\n\r\n",
	}
	err := parallel(1000, 100, func(i int) error {
		conn, err := t.dial()
		if err == nil {
			_, err = io.WriteString(conn, floods[i%len(floods)])
		}
		return refusedIsFine(err)
	})
	time.Sleep(held)
	return err
}

// post sends a body over a connection of its own and reads the answer.
func (t *target) post(path, kind string, body []byte, header http.Header) error {
	conn, err := t.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	if err = request(conn, path, kind, body, len(body), header); err == nil {
		_, err = io.Copy(io.Discard, conn)
	}
	return refusedIsFine(err)
}

// request writes one whose body may be announced longer than it is.
func request(conn net.Conn, path, kind string, body []byte, announced int, header http.Header) error {
	var head bytes.Buffer
	fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: %s\r\n"+
		"Content-Length: %d\r\n", path, kind, announced)
	header.Write(&head)
	head.WriteString("\r\n")
	_, err := conn.Write(append(head.Bytes(), body...))
	return err
}

// refusedIsFine drops the error of a connection that the server has closed: that is what it should do.
func refusedIsFine(err error) error {
	var network *net.OpError
	if errors.As(err, &network) {
		return nil
	}
	return err
}

// zipped compresses as well as can be.
func zipped(content io.Reader) []byte {
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	io.Copy(w, content)
	w.Close()
	return out.Bytes()
}

// zeros is an endless reader of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
