package main

import (
	"strings"
	"time"

	"parley/cmd/loadtest/cluster"
	"parley/e2e/link"
)

// linkFaults are what can happen to each of the three ways. It happens to the way of one node.
var linkFaults = func() (made []fault) {
	for _, way := range []struct {
		name, near, far string
		link            func(*cluster.Node) *link.Link
	}{
		{"client", "clients", "a node", func(n *cluster.Node) *link.Link { return n.Clients }},
		{"postgres", "a node", "PostgreSQL", func(n *cluster.Node) *link.Link { return n.Database }},
		{"redis", "a node", "Redis", func(n *cluster.Node) *link.Link { return n.Redis }},
	} {
		for _, d := range disturbances {
			made = append(made, fault{
				name:  way.name + "-" + d.name,
				about: strings.NewReplacer("{near}", way.near, "{far}", way.far).Replace(d.about),
				kind:  threeNodes,
				dose:  1,
				takes: d.takes + 3*time.Second,
				run:   func(t *trial) error { return d.run(t, way.link(t.node())) },
			})
		}
	}
	return made
}()

// A disturbance is a fault of a link. In about, {near} and {far} are its ends.
type disturbance struct {
	name, about string
	takes       time.Duration
	run         func(*trial, *link.Link) error
}

var disturbances = []disturbance{
	{
		name:  "delay",
		about: "between {near} and {far} everything takes 300 ± 100 ms more, for 20 s",
		takes: 20 * time.Second,
		run: underWeather(20*time.Second, link.Weather{
			Delay:  300 * time.Millisecond,
			Jitter: 100 * time.Millisecond,
		}),
	},
	{
		name:  "block-out",
		about: "nothing gets from {near} to {far} for 30 s",
		takes: 30 * time.Second,
		run:   underWeather(30*time.Second, link.Weather{BlockOut: true}),
	},
	{
		name:  "block-in",
		about: "nothing gets from {far} to {near} for 30 s",
		takes: 30 * time.Second,
		run:   underWeather(30*time.Second, link.Weather{BlockIn: true}),
	},
	{
		name:  "half-open-near",
		about: "connections between {near} and {far} break, unnoticed by {near} for 50 s",
		takes: 50 * time.Second,
		run:   halfOpen(link.Near),
	},
	{
		name:  "half-open-far",
		about: "connections between {near} and {far} break, unnoticed by {far} for 50 s",
		takes: 50 * time.Second,
		run:   halfOpen(link.Far),
	},
	{
		name:  "reset",
		about: "connections between {near} and {far} are reset every 3 s, for 15 s",
		takes: 15 * time.Second,
		run:   resetOften,
	},
	{
		name:  "slow",
		about: "between {near} and {far} only 2 KB/s get through, for 20 s",
		takes: 20 * time.Second,
		run:   underWeather(20*time.Second, link.Weather{Rate: 2048}),
	},
	{
		name:  "refuse",
		about: "connections between {near} and {far} are reset, and for 10 s there are no new ones",
		takes: 10 * time.Second,
		run:   refuse,
	},
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
