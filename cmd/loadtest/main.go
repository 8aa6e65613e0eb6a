// Loadtest drives any server that follows the integration guide over raw Engine.IO 4 / Socket.IO 5 connections that
// cost the client as little as possible. It prints one line per scenario: figures for speed, "ok" or "FAILED" for
// correctness. The ratio of two runs, one against Parley and one against the peer in bench/, is comparable even when
// the machine is busy.
//
//	loadtest send -url http://127.0.0.1:8080 -token ew_… -n 500 -pid 123
//	loadtest send -url http://127.0.0.1:3001 -peer -n 500 -pid 456
//	loadtest burst -token ew_… -email agent@… -password … -transport polling
//
// Start Parley with WIDGET_RATE_LIMIT=off and a bot that sends nothing (parley seed --json --silent-bot).
//
// Two commands start servers of their own and print a table. "loadtest attack" does what a stranger could do to a
// server. "loadtest faults" takes away what a server needs:
//
//	loadtest faults -for 3m              a random selection, which the printed seed repeats
//	loadtest faults -only node-kill,redis-pause -seed 7
//	loadtest faults -all -scale 0.1
//
// A world is a cluster (package cluster) with people who write (world, sender) and clients that show what was written
// (liveClient, view). A trial lets one fault happen to it (trial), while the ledger records every message as invoked,
// acknowledged or refused. The check compares ledger and lists with the database (history, checkLists).
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// errFailed means that a scenario ran to its end and found problems in the server. The report lists them.
var errFailed = errors.New("failed")

// A scenario is one test of the server.
type scenario struct {
	name  string
	n     int // the default of -n
	about string
	run   func(settings) (*report, error)
}

var scenarios = []scenario{
	{"send", 500, "n conversations of two sockets: a message must be acknowledged and received by both before the " +
		"next is sent", runSend},
	{"typing", 500, "the same with typing indicators, which need no database", runTyping},
	{"big", 1000, "one conversation of n sockets: all must receive a typing indicator before the next is sent",
		runBig},
	{"idle", 5000, "n idle sockets: the server's memory per socket", runIdle},
	{"churn", 20000, "n sockets that connect, join and disconnect: the server's memory before and after", runChurn},
	{"slow", 100, "n conversations as in send, while consumers get long messages, before and after they stop " +
		"reading", runSlow},
	{"broadcasts", 10000, "n typing indicators at once to one other socket: do all of them arrive?", runBroadcasts},
	{"order", 10000, "n events from one socket at once: are they acknowledged in the order they were sent?", runOrder},
	{"malformed", 10, "one malformed frame, then n new sockets: does the server still work?", runMalformed},
	{"burst", 5000, "n numbered messages each way between an end user and an agent: do all arrive in order? (-email, " +
		"-password)", runBurst},
	{"reconnect", 2000, "n numbered messages over connections that break: is each stored exactly once?",
		runReconnect},
}

func main() {
	err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(1)
	}
}

// run runs the scenario that args name and writes its report. It returns errFailed if the scenario found problems.
func run(args []string, stdout io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(stdout)
		return nil
	}
	if args[0] == "attack" {
		return runAttacks(args[1:], stdout)
	}
	if args[0] == "faults" {
		return runFaults(args[1:], stdout)
	}
	i := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == args[0] })
	if i < 0 {
		return fmt.Errorf("no scenario %q: see loadtest help", args[0])
	}
	chosen := scenarios[i]
	set, err := parseSettings(chosen, args[1:])
	if err != nil {
		return err
	}
	result, err := chosen.run(set)
	if err != nil {
		return fmt.Errorf("%s: %w", chosen.name, err)
	}
	if err := result.write(stdout, set.json); err != nil {
		return err
	}
	if !result.ok() {
		return fmt.Errorf("%s: %w", chosen.name, errFailed)
	}
	return nil
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: loadtest <scenario> [flags]\n       loadtest attack|faults [flags]\n\n")
	for _, s := range scenarios {
		fmt.Fprintf(w, "  %-10s %s (n=%d)\n", s.name, s.about, s.n)
	}
	fmt.Fprint(w, "\nwith servers of its own:\n\n"+
		"  attack     what a stranger could do to a server, and what it costs: attack -all, or attack <name>…\n"+
		"  faults     breaks the servers while people write: faults -list, faults -for 3m, faults -only <name>,…\n")
	fmt.Fprintln(w, "\nflags of a scenario:")
	flags, _ := newFlags(scenario{})
	flags.SetOutput(w)
	flags.PrintDefaults()
}
