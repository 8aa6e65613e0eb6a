package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A target is a server of our own to attack, on a free port of the loopback interface, with its usual settings.
type target struct {
	base        string // its URL
	host        string
	pid         int
	descriptors int
	token       string // an embed token
	email       string // of an agent
	password    string
	process     *exec.Cmd

	sent   atomic.Int64 // bytes
	dialed atomic.Int64 // connections
	mu     sync.Mutex
	open   []net.Conn
}

func buildParley(path string) error {
	build := exec.Command("go", "build", "-o", path, "parley/cmd/parley")
	build.Stderr = os.Stderr
	return build.Run()
}

// startTarget seeds a database in folder and starts a server on it.
func startTarget(program, folder string, descriptors int) (*target, error) {
	env := append(os.Environ(), "DATA_DIR="+folder, "ADDR=127.0.0.1:0", "DATABASE_URL=", "REDIS_URL=", "LOG_LEVEL=warn")
	seed := exec.Command(program, "seed", "--json", "--silent-bot")
	seed.Env = env
	out, err := seed.Output()
	if err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var seeded struct {
		Agent      struct{ Email, Password string }
		EmbedToken string `json:"embed_token"`
	}
	if err := json.Unmarshal(lines[len(lines)-1], &seeded); err != nil {
		return nil, fmt.Errorf("seed: %w", err)
	}
	t := &target{
		descriptors: descriptors,
		token:       seeded.EmbedToken,
		email:       seeded.Agent.Email,
		password:    seeded.Agent.Password,
	}
	limit := ""
	if descriptors > 0 {
		limit = fmt.Sprintf("ulimit -n %d && ", descriptors)
	}
	t.process = exec.Command("sh", "-c", limit+"exec \"$0\" serve", program)
	t.process.Env = env
	return t, t.start()
}

// start runs the program until it says where it listens.
func (t *target) start() error {
	stdout, err := t.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := t.process.Start(); err != nil {
		return err
	}
	t.pid = t.process.Process.Pid
	for printed := bufio.NewScanner(stdout); printed.Scan(); {
		if _, base, ok := strings.Cut(printed.Text(), "running at "); ok {
			t.base, t.host = base, strings.TrimPrefix(base, "http://")
			go io.Copy(io.Discard, stdout)
			return t.alive()
		}
	}
	return errors.New("the server does not start")
}

func (t *target) stop() {
	if t == nil {
		return
	}
	t.hangUp()
	t.process.Process.Signal(syscall.SIGTERM)
	t.process.Wait()
}

// alive fails unless the server answers.
func (t *target) alive() error {
	var err error
	for range 50 { // its connections may take a moment to end
		var response *http.Response
		if response, err = web.Get(t.base + "/healthz"); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("/healthz: HTTP %d", response.StatusCode)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}

// dial opens a connection that hangUp closes.
func (t *target) dial() (net.Conn, error) {
	conn, err := net.DialTimeout("tcp", t.host, dialTimeout)
	if err != nil {
		return nil, err
	}
	t.dialed.Add(1)
	conn.SetDeadline(time.Now().Add(dialTimeout))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = append(t.open, conn)
	return &counted{conn, &t.sent}, nil
}

// hangUp ends every connection of an attack.
func (t *target) hangUp() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, conn := range t.open {
		conn.Close()
	}
	t.open = nil
}

// counted adds up what is written.
type counted struct {
	net.Conn
	sent *atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent.Add(int64(n))
	return n, err
}
