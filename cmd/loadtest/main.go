// Loadtest drives any server that speaks the integration guide with raw Engine.IO 4 / Socket.IO 5 connections, as cheap
// for the client as they can be, and prints one line a scenario: figures where speed is asked, "ok" or "FAILED" where
// correctness is. The same run against Parley and against the peer in bench/ gives ratios that hold on a noisy machine.
//
//	loadtest send -url http://127.0.0.1:8080 -token ew_… -n 500 -pid 123
//	loadtest send -url http://127.0.0.1:3001 -peer -n 500 -pid 456
//	loadtest burst -token ew_… -email agent@… -password … -transport polling
//
// Start Parley with WIDGET_RATE_LIMIT=off and a bot that keeps silent (parley seed --json --silent-bot).
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// errFailed says that a scenario ran to its end and found the server wrong; the report has the findings.
var errFailed = errors.New("failed")

// A scenario is one thing to try on the server under test.
type scenario struct {
	name  string
	n     int // what -n is when it is not given
	about string
	run   func(settings) (*report, error)
}

var scenarios = []scenario{
	{"send", 500, "n conversations of two sockets: a message stored, acknowledged and heard by both is followed by " +
		"the next", runSend},
	{"typing", 500, "the same with typing indicators: no database on the path", runTyping},
	{"big", 1000, "one conversation of n sockets: a typing indicator heard by all is followed by the next", runBig},
	{"idle", 5000, "n sockets that do nothing: the server's memory for each", runIdle},
	{"churn", 20000, "n sockets that come, join and go: the server's memory before and after", runChurn},
	{"slow", 100, "n conversations as in send, beside consumers of long messages that read, then that have stopped " +
		"reading", runSlow},
	{"broadcasts", 10000, "n typing indicators at once to one other socket: do all arrive?", runBroadcasts},
	{"order", 10000, "n events of one socket at once: acknowledged in the order sent?", runOrder},
	{"malformed", 10, "one malformed frame, then n new sockets: does the server go on?", runMalformed},
	{"burst", 5000, "n numbered messages each way between end user and agent: complete and in order? (-email, " +
		"-password)", runBurst},
	{"reconnect", 2000, "n numbered messages over connections that break: nothing lost, nothing doubled?",
		runReconnect},
}

func main() {
	err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "loadtest:", err)
		os.Exit(1)
	}
}

// run runs the scenario that args name and writes its report. A server found wrong is an error too.
func run(args []string, stdout io.Writer) error {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(stdout)
		return nil
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
	fmt.Fprint(w, "usage: loadtest <scenario> [flags]\n\n")
	for _, s := range scenarios {
		fmt.Fprintf(w, "  %-10s %s (n=%d)\n", s.name, s.about, s.n)
	}
	fmt.Fprintln(w, "\nflags:")
	flags, _ := newFlags(scenario{})
	flags.SetOutput(w)
	flags.PrintDefaults()
}
