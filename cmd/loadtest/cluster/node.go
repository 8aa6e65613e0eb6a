package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"parley/e2e/link"
)

// A Node is one process of Parley. Clients reach it through the link Clients, and it reaches its servers through links
// of its own.
type Node struct {
	Name     string
	Address  string // past the link
	Program  string // for the next start
	Limit    int    // open files at the next start, if not 0
	Clients  *link.Link
	Database *link.Link // nil with SQLite
	Redis    *link.Link

	env    []string
	folder string
	log    string

	mu      sync.Mutex
	process *process
	frozen  bool
}

func (c *Cluster) newNode(number int, data string) (*Node, error) {
	address, err := link.FreeAddress()
	if err != nil {
		return nil, err
	}
	n := &Node{
		Name:    fmt.Sprintf("node%d", number+1),
		Address: address,
		Program: c.Program,
		folder:  c.Folder,
	}
	n.log = filepath.Join(c.Folder, n.Name+".log")
	if n.Clients, err = link.New(address); err != nil {
		return nil, err
	}
	n.env = c.env("", "")
	if c.SQLite {
		n.env = append(n.env, "DATA_DIR="+data)
	} else {
		if n.Database, err = link.New(c.Postgres.Address); err != nil {
			return nil, err
		}
		if n.Redis, err = link.New(c.Redis.Address); err != nil {
			return nil, err
		}
		n.env = c.env(n.Database.Address, n.Redis.Address)
	}
	n.env = append(n.env, "ADDR="+address, "PARLEY_PROBE="+n.probeFile())
	return n, nil
}

// env returns the settings of a process that reaches its servers at these addresses.
func (c *Cluster) env(database, redis string) []string {
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "SECRET_KEY=" + c.secret,
		"WIDGET_RATE_LIMIT=off", "PASSWORD_COST=1024,1"}
	if database != "" {
		env = append(env, "DATABASE_URL="+c.Postgres.urlAt(database, "parley"), "REDIS_URL="+c.Redis.urlAt(redis))
	}
	return env
}

// Command runs a command of Parley, past all links, with a standard input. It returns what it prints.
func (c *Cluster) Command(stdin string, arguments ...string) ([]byte, error) {
	command := exec.Command(c.Program, arguments...)
	command.Stdin = bytes.NewReader([]byte(stdin))
	if c.SQLite {
		command.Env = append(c.env("", ""), "DATA_DIR="+c.DataFolder())
	} else {
		command.Env = c.env(c.Postgres.Address, c.Redis.Address)
	}
	out, err := command.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return out, err
}

// DataFolder is where the database's files are.
func (c *Cluster) DataFolder() string {
	if c.Disk != nil {
		return filepath.Join(c.Disk.Folder, "data")
	}
	return filepath.Join(c.Folder, "data")
}

// Start starts the node and waits until it is ready.
func (n *Node) Start() error {
	command := exec.Command(n.Program, "serve")
	if n.Limit > 0 {
		command = exec.Command("sh", "-c", fmt.Sprintf("ulimit -n %d && exec %q serve", n.Limit, n.Program))
	}
	command.Env = n.env
	started, err := run(command, n.log)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.process, n.frozen = started, false
	n.mu.Unlock()
	err = eventually(context.Background(), serverPatience, func() error {
		if !started.running() {
			return nil
		}
		return n.Ready()
	})
	if err == nil && !started.running() {
		err = errors.New("it ended")
	}
	if err != nil {
		return fmt.Errorf("%s does not start: %w: %s", n.Name, err, lastLines(n.log))
	}
	return nil
}

var impatient = &http.Client{Timeout: 2 * time.Second}

// Ready asks the node, past its link, whether it is ready.
func (n *Node) Ready() error {
	response, err := impatient.Get("http://" + n.Address + "/readyz")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz: HTTP %d", response.StatusCode)
	}
	return nil
}

// current returns the node's process.
func (n *Node) current() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process
}

// Running reports whether the node has a process that is not frozen.
func (n *Node) Running() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process.running() && !n.frozen
}

// Kill ends the node at once.
func (n *Node) Kill() { n.current().end(syscall.SIGKILL, serverPatience) }

// Stop sends SIGTERM. A node that does not end by itself in time is killed, which is an error.
func (n *Node) Stop(patience time.Duration) error {
	if err := n.current().end(syscall.SIGTERM, patience); err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	return nil
}

// Terminate is Stop for a node that has no excuse for another exit code than 0.
func (n *Node) Terminate(patience time.Duration) error {
	if err := n.Stop(patience); err != nil {
		return err
	}
	if code := n.current().command.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s: exit code %d after SIGTERM", n.Name, code)
	}
	return nil
}

// Freeze stops the process. Its connections stay open and it does not answer.
func (n *Node) Freeze() { n.freeze(true, syscall.SIGSTOP) }

// Thaw ends Freeze.
func (n *Node) Thaw() { n.freeze(false, syscall.SIGCONT) }

func (n *Node) freeze(frozen bool, signal syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.frozen = frozen
	n.process.command.Process.Signal(signal)
}

func (n *Node) links() (links []*link.Link) {
	for _, l := range []*link.Link{n.Clients, n.Database, n.Redis} {
		if l != nil {
			links = append(links, l)
		}
	}
	return links
}

// PID is the id of the node's process.
func (n *Node) PID() int { return n.current().pid() }

// Log returns what the node has written so far.
func (n *Node) Log() ([]byte, error) { return os.ReadFile(n.log) }

// Usage is what a process holds.
type Usage struct {
	Goroutines int `json:"goroutines"`
	Heap       int `json:"heap"` // bytes, after a collection
	Files      int `json:"-"`    // open descriptors
}

func (n *Node) probeFile() string { return filepath.Join(n.folder, n.Name+".probe") }

// Usage asks the node what it holds.
func (n *Node) Usage(ctx context.Context) (u Usage, err error) {
	pid := n.PID()
	os.Remove(n.probeFile())
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		return u, err
	}
	err = eventually(ctx, 10*time.Second, func() error {
		text, err := os.ReadFile(n.probeFile())
		if err != nil {
			return err
		}
		return json.Unmarshal(text, &u)
	})
	if err != nil {
		return u, fmt.Errorf("%s does not say what it holds: %w", n.Name, err)
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	u.Files = len(files)
	return u, err
}

// Lock limits how many files the running process may have open.
func (n *Node) Lock(files int) error {
	limit := fmt.Sprintf("--nofile=%d:", files)
	out, err := exec.Command("prlimit", "--pid", fmt.Sprint(n.PID()), limit).CombinedOutput()
	if err != nil {
		return fmt.Errorf("prlimit: %w: %s", err, out)
	}
	return nil
}
