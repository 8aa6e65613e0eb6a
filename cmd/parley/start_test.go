package main

import (
	"bufio"
	"context"
	"database/sql"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/pressly/goose/v3/lock"
)

// A node that starts while another one migrates says so, and then starts.
func TestServe_saysThatItWaitsForAMigration(t *testing.T) {
	t.Parallel()
	env := postgresEnv(t)
	db, err := sql.Open("pgx", env["DATABASE_URL"])
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	another, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := another.Exec("SELECT pg_advisory_xact_lock($1)", lock.DefaultLockID); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0], "serve")
	command.Env = append(os.Environ(), "PARLEY_TEST_PROGRAM=1")
	for name, value := range env {
		command.Env = append(command.Env, name+"="+value)
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	logged := bufio.NewScanner(stderr)
	next := func() string {
		if !logged.Scan() {
			t.Fatal("the program ended")
		}
		return logged.Text()
	}
	if line := next(); !strings.Contains(line, "waiting for another node") {
		t.Errorf("the first line is %s", line)
	}
	if err := another.Rollback(); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(next(), "msg=listening") {
	}
	command.Process.Signal(syscall.SIGTERM)
	for logged.Scan() {
	}
	if err := command.Wait(); err != nil {
		t.Errorf("the program ended: %v", err)
	}
}
