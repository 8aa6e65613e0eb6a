package main

import (
	"time"

	"parley/cmd/loadtest/cluster"
	"parley/e2e/link"
)

// linkFaults are what can happen to each of the three ways. It happens to the way of one node.
var linkFaults = func() (made []fault) {
	for _, way := range []struct {
		name, about string
		link        func(*cluster.Node) *link.Link
	}{
		{"client", "between clients and a node", func(n *cluster.Node) *link.Link { return n.Clients }},
		{"postgres", "between a node and PostgreSQL", func(n *cluster.Node) *link.Link { return n.Database }},
		{"redis", "between a node and Redis", func(n *cluster.Node) *link.Link { return n.Redis }},
	} {
		for _, d := range disturbances {
			made = append(made, fault{
				name:  way.name + "-" + d.name,
				about: d.about + " " + way.about,
				kind:  threeNodes,
				dose:  1,
				takes: d.takes + 3*time.Second,
				run:   func(t *trial) error { return d.run(t, way.link(t.node())) },
			})
		}
	}
	return made
}()

// A disturbance is a fault of a link.
type disturbance struct {
	name, about string
	takes       time.Duration
	run         func(*trial, *link.Link) error
}

var disturbances = []disturbance{
	{"delay", "300 ms of delay and 100 ms of jitter for 20 s", 20 * time.Second, underWeather(20*time.Second,
		link.Weather{Delay: 300 * time.Millisecond, Jitter: 100 * time.Millisecond})},
	{"block-out", "what the first sends is held back for 30 s", 30 * time.Second, underWeather(30*time.Second,
		link.Weather{BlockOut: true})},
	{"block-in", "what the first would receive is held back for 30 s", 30 * time.Second, underWeather(30*time.Second,
		link.Weather{BlockIn: true})},
	{"half-open-near", "connections of which only the first knows, for 50 s", 50 * time.Second,
		halfOpen(link.Near)},
	{"half-open-far", "connections of which only the second knows, for 50 s", 50 * time.Second,
		halfOpen(link.Far)},
	{"reset", "a reset every 3 s, for 15 s", 15 * time.Second, resetOften},
	{"slow", "2 KB/s for 20 s", 20 * time.Second, underWeather(20*time.Second, link.Weather{Rate: 2048})},
	{"refuse", "no connection for 10 s", 10 * time.Second, refuse},
}

func underWeather(d time.Duration, weather link.Weather) func(*trial, *link.Link) error {
	return func(t *trial, l *link.Link) error {
		l.Set(weather)
		defer l.Resume()
		return t.hold(d)
	}
}

// halfOpen leaves an end alone for longer than a client needs to miss a ping. New connections work all the time.
func halfOpen(keep link.End) func(*trial, *link.Link) error {
	return func(t *trial, l *link.Link) error {
		l.HalfOpen(keep)
		return t.hold(silence + 5*time.Second)
	}
}

func resetOften(t *trial, l *link.Link) error {
	for range 5 {
		l.Reset()
		if err := t.hold(3 * time.Second); err != nil {
			return err
		}
	}
	l.Reset()
	return nil
}

func refuse(t *trial, l *link.Link) error {
	l.Refuse()
	err := t.hold(10 * time.Second)
	if again := l.Accept(); err == nil {
		err = again
	}
	return err
}
