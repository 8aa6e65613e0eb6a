package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// settings are the flags. All scenarios share one set, and each reads those it needs.
type settings struct {
	urls     []string // base URLs of the nodes; sockets are spread over them in turn
	token    string
	peer     bool
	n        int
	duration time.Duration
	warmup   time.Duration
	settle   time.Duration
	patience time.Duration
	dial     time.Duration
	tries    int
	first    int
	dials    *dials
	window   int
	text     int
	slow     int
	cuts     int
	pids     []int
	polling  bool
	email    string
	password string
	json     bool
}

func newFlags(s scenario) (*flag.FlagSet, *settings) {
	set := &settings{urls: []string{"http://127.0.0.1:8080"}, dials: &dials{}}
	flags := flag.NewFlagSet("loadtest "+s.name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("url", "base `URL` of the server; for two nodes, two URLs separated by a comma (default "+
		"http://127.0.0.1:8080)", set.setURLs)
	flags.Func("pid", "process `ids` of the server, separated by commas, to report its CPU and memory", set.setPIDs)
	flags.Func("transport", "burst: `websocket` or polling (default websocket)", set.setTransport)
	flags.StringVar(&set.token, "token", "", "embed token that opens conversations")
	flags.BoolVar(&set.peer, "peer", false, "the server is the benchmark's peer, which creates conversations by POST "+
		"/provision")
	flags.IntVar(&set.n, "n", s.n, "how many; see the scenarios")
	flags.DurationVar(&set.duration, "d", 5*time.Second, "how long to measure")
	flags.DurationVar(&set.warmup, "warmup", time.Second, "how long to run before measuring")
	flags.DurationVar(&set.settle, "settle", 5*time.Second,
		"idle: time before memory is read; churn: longest wait for it to fall; slow: how long a connection must "+
			"be silent to count as open")
	flags.DurationVar(&set.patience, "patience", 30*time.Second,
		"scenarios that check correctness: longest time without progress, or without a server")
	flags.DurationVar(&set.dial, "dial", dialTimeout, "longest time for a WebSocket handshake, and for joining")
	flags.IntVar(&set.tries, "tries", 1, "how often to try a WebSocket handshake; failures are counted")
	flags.IntVar(&set.window, "window", 1, "messages in flight; send: per conversation; burst, reconnect: per sender, "+
		"0 for no limit")
	flags.IntVar(&set.text, "text", 120, "send, slow: characters per message")
	flags.IntVar(&set.slow, "slow", 20, "slow: how many consumers stop reading")
	flags.IntVar(&set.first, "first", 0,
		"churn: sockets that connect and disconnect before memory is first read (default a tenth of -n)")
	flags.IntVar(&set.cuts, "cuts", 20, "reconnect: how often the connection breaks")
	flags.StringVar(&set.email, "email", "", "burst: the agent's login")
	flags.StringVar(&set.password, "password", "", "burst: the agent's password")
	flags.BoolVar(&set.json, "json", false, "print the report as one JSON object")
	return flags, set
}

func parseSettings(s scenario, args []string) (settings, error) {
	flags, set := newFlags(s)
	if err := flags.Parse(args); err != nil {
		return settings{}, err
	}
	if flags.NArg() > 0 {
		return settings{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if set.n < 1 {
		return settings{}, errors.New("-n must be at least 1")
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["first"] {
		set.first = set.n / 10
	}
	switch s.name {
	case "burst":
		if !given["window"] {
			set.window = 0
		}
	case "reconnect":
		if !given["window"] {
			set.window = 32
		}
	default:
		set.window = max(set.window, 1)
	}
	return *set, nil
}

// node is the base URL of the i-th socket's node.
func (s settings) node(i int) string {
	return s.urls[i%len(s.urls)]
}

func (s *settings) setURLs(list string) error {
	s.urls = nil
	for _, raw := range strings.Split(list, ",") {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "http" || u.Host == "" {
			return fmt.Errorf("%q is not an http URL", raw)
		}
		s.urls = append(s.urls, "http://"+u.Host)
	}
	return nil
}

func (s *settings) setPIDs(list string) error {
	for _, raw := range strings.Split(list, ",") {
		pid, err := strconv.Atoi(raw)
		if err != nil {
			return fmt.Errorf("%q is not a process id", raw)
		}
		s.pids = append(s.pids, pid)
	}
	return nil
}

func (s *settings) setTransport(name string) error {
	if name != "websocket" && name != "polling" {
		return fmt.Errorf("%q is neither websocket nor polling", name)
	}
	s.polling = name == "polling"
	return nil
}
