package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/redis/go-redis/v9"

	"parley/e2e/link"
)

// A Redis is a Redis server that keeps nothing on disk.
type Redis struct {
	Address  string
	folder   string
	password string
	process  *process
}

func startRedis(folder string) (*Redis, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, errors.New("Redis is missing: run make setup")
	}
	address, err := link.FreeAddress()
	if err != nil {
		return nil, err
	}
	r := &Redis{Address: address, folder: folder, password: password()}
	return r, r.Start(context.Background())
}

// Start starts the server and waits until it answers.
func (r *Redis) Start(ctx context.Context) error {
	host, port, err := net.SplitHostPort(r.Address)
	if err != nil {
		return err
	}
	command := exec.Command("redis-server", "--bind", host, "--port", port, "--requirepass", r.password, "--save", "",
		"--appendonly", "no", "--dir", r.folder)
	log := filepath.Join(r.folder, "redis.log")
	if r.process, err = run(command, log); err != nil {
		return err
	}
	err = eventually(ctx, serverPatience, func() error {
		return r.Do(ctx, func(c *redis.Client) error { return c.Ping(ctx).Err() })
	})
	if err != nil {
		return fmt.Errorf("Redis does not start: %w: %s", err, lastLines(log))
	}
	return nil
}

// Kill ends the server at once. It forgets everything.
func (r *Redis) Kill() { r.process.end(syscall.SIGKILL, serverPatience) }

// Pause stops the server. Its connections stay open and nothing answers.
func (r *Redis) Pause() { syscall.Kill(r.process.pid(), syscall.SIGSTOP) }

// Resume ends Pause.
func (r *Redis) Resume() { syscall.Kill(r.process.pid(), syscall.SIGCONT) }

// Do runs commands on a connection of its own.
func (r *Redis) Do(_ context.Context, do func(*redis.Client) error) error {
	client := redis.NewClient(&redis.Options{Addr: r.Address, Password: r.password})
	defer client.Close()
	return do(client)
}

func (r *Redis) urlAt(address string) string {
	return fmt.Sprintf("redis://default:%s@%s/0", r.password, address)
}
