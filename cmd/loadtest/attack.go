package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What an attack from one address may cost.
const (
	mostGrowth = 64 << 10         // KB of memory at the peak
	mostLeft   = 20 << 10         // KB of memory afterward
	quietTime  = 60 * time.Second // how long memory may take to come back
)

// An attack is something that a stranger can do to a server.
type attack struct {
	name        string
	about       string
	descriptors int // how many files the server may have open; 0: as many as this process
	run         func(*target) error
}

// The last of socketAttacks leaves sessions behind, so that nobody else can open sockets for a while.
var attacks = slices.Concat(bodyAttacks, joinAttacks, socketAttacks, connectionAttacks, requestAttacks)

// runAttacks starts servers of its own, attacks them, and prints what that cost as a Markdown table. A cost above the
// bounds is an error.
func runAttacks(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("loadtest attack", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	all := flags.Bool("all", false, "every attack")
	program := flags.String("program", "", "the `parley` to attack; it is built from the source where none is given")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := chooseAttacks(*all, flags.Args())
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "parley-attack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if *program == "" {
		*program = filepath.Join(folder, "parley")
		if err := buildParley(*program); err != nil {
			return err
		}
	}
	return attackEach(chosen, *program, folder, stdout)
}

func chooseAttacks(all bool, names []string) (chosen []attack, err error) {
	if all && len(names) == 0 {
		return attacks, nil
	}
	for _, name := range names {
		i := slices.IndexFunc(attacks, func(a attack) bool { return a.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no attack %q", name)
		}
		chosen = append(chosen, attacks[i])
	}
	if len(chosen) == 0 {
		return nil, fmt.Errorf("name attacks, or use -all: %s", strings.Join(attackNames(), ", "))
	}
	return chosen, nil
}

func attackNames() (names []string) {
	for _, a := range attacks {
		names = append(names, a.name)
	}
	return names
}

// attackEach runs attacks one after the other. Those that need no limit of their own share a server, as in real life.
func attackEach(chosen []attack, program, folder string, stdout io.Writer) error {
	var t *target
	defer func() { t.stop() }()
	var failures []error
	fmt.Fprint(stdout, costHeader)
	for i, a := range chosen {
		if t == nil || t.descriptors != a.descriptors {
			t.stop()
			var err error
			if t, err = startTarget(program, filepath.Join(folder, fmt.Sprint(i)), a.descriptors); err != nil {
				return err
			}
		}
		c, err := t.suffer(a)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		fmt.Fprintln(stdout, c)
		failures = append(failures, c.failure())
	}
	return errors.Join(failures...)
}
