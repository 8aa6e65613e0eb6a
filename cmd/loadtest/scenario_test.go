package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
)

// try runs loadtest against f and returns what it printed.
func try(t *testing.T, f *fakeServer, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(append(args, "-url", f.URL, "-pid", strconv.Itoa(os.Getpid())), &out)
	return out.String(), err
}

func TestBurst_acceptsAServerThatKeepsOrder(t *testing.T) {
	for _, transport := range []string{"websocket", "polling"} {
		t.Run(transport, func(t *testing.T) {
			f := newFakeServer(t)
			out, err := try(t, f, "burst", "-n", "300", "-transport", transport,
				"-email", "a@example.com", "-password", "secret")
			if err != nil || !strings.HasSuffix(out, " ok\n") {
				t.Errorf("%q, %v; want ok", out, err)
			}
		})
	}
}

func TestBurst_failsAServerThat(t *testing.T) {
	held := []fakeMessage{}
	for name, deliver := range map[string]func(fakeMessage) []fakeMessage{
		"loses one":   func(m fakeMessage) []fakeMessage { return onlyFor(7, m, nil) },
		"doubles one": func(m fakeMessage) []fakeMessage { return onlyFor(7, m, []fakeMessage{m, m}) },
		"alters one": func(m fakeMessage) []fakeMessage {
			altered := m
			altered.Content = strings.ToUpper(m.Content)
			return onlyFor(7, m, []fakeMessage{altered})
		},
		"swaps two": func(m fakeMessage) []fakeMessage {
			switch m.Seq {
			case 7:
				held = append(held, m)
				return nil
			case 8:
				return append([]fakeMessage{m}, held...)
			}
			return []fakeMessage{m}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeServer(t)
			f.deliver = deliver
			out, err := try(t, f, "burst", "-n", "50", "-patience", "200ms",
				"-email", "a@example.com", "-password", "secret")
			if !errors.Is(err, errFailed) || !strings.Contains(out, "FAILED") {
				t.Errorf("%q, %v; want FAILED", out, err)
			}
		})
	}
}

func onlyFor(seq int64, m fakeMessage, fault []fakeMessage) []fakeMessage {
	if m.Seq == seq {
		return fault
	}
	return []fakeMessage{m}
}

func TestBurst_needsTheAgentsLogin(t *testing.T) {
	if out, err := try(t, newFakeServer(t), "burst", "-email", "a@example.com", "-password", "wrong"); err == nil {
		t.Errorf("%q; want an error", out)
	}
}

func TestReconnect_acceptsAServerThatRecognizesRepeats(t *testing.T) {
	out, err := try(t, newFakeServer(t), "reconnect", "-n", "500", "-json")
	if err != nil {
		t.Fatalf("%q, %v; want ok", out, err)
	}
	var got struct{ Connections, Sent int }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.Connections < 5 || got.Sent <= 500 {
		t.Errorf("%d messages over %d connections: no connection broke during the burst", got.Sent, got.Connections)
	}
}

func TestReconnect_failsAServerThatStoresRepeats(t *testing.T) {
	f := newFakeServer(t)
	f.takeRepeats = true
	if out, err := try(t, f, "reconnect", "-n", "500"); !errors.Is(err, errFailed) {
		t.Errorf("%q, %v; want FAILED", out, err)
	}
}

func TestReconnect_failsAServerThatLosesAcknowledgedMessages(t *testing.T) {
	f := newFakeServer(t)
	f.forget = 77
	if out, err := try(t, f, "reconnect", "-n", "500"); !errors.Is(err, errFailed) ||
		!strings.Contains(out, "499 of 500") {
		t.Errorf("%q, %v; want FAILED with 499 of 500", out, err)
	}
}

func TestLoads_reportFigures(t *testing.T) {
	for _, scenario := range []string{"send", "typing", "big", "idle", "churn", "slow"} {
		t.Run(scenario, func(t *testing.T) {
			out, err := try(t, newFakeServer(t), scenario,
				"-n", "20", "-d", "50ms", "-warmup", "10ms", "-settle", "10ms", "-slow", "2")
			if err != nil || !strings.HasPrefix(out, scenario+" n=20 ") {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
}

func TestRun_refusesInvalidArguments(t *testing.T) {
	for _, args := range [][]string{
		{"sprint"}, {"send", "-n", "0"}, {"send", "left over"}, {"send", "-url", "nowhere"},
		{"burst", "-transport", "pigeon"}, {"send", "-pid", "x"},
	} {
		if err := run(args, &bytes.Buffer{}); err == nil {
			t.Errorf("loadtest %s: no error", strings.Join(args, " "))
		}
	}
}

func TestHelp_namesEveryCommand(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"--help"}, &out); err != nil {
		t.Fatal(err)
	}
	commands := []string{"attack", "faults"}
	for _, s := range scenarios {
		commands = append(commands, s.name)
	}
	for _, command := range commands {
		if !strings.Contains(out.String(), "\n  "+command+" ") {
			t.Errorf("the help has no %s", command)
		}
	}
}
