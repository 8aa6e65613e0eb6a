package main

import (
	"testing"
	"time"
)

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := 100; i >= 1; i-- {
		hundred = append(hundred, time.Duration(i))
	}
	for _, test := range []struct {
		name    string
		samples []time.Duration
		q       float64
		want    time.Duration
	}{
		{"of none", nil, .5, 0},
		{"of one", []time.Duration{7}, .99, 7},
		{"median of two is the lower", []time.Duration{9, 3}, .5, 3},
		{"median", hundred, .5, 50},
		{"99th of a hundred", hundred, .99, 99},
		{"all", hundred, 1, 100},
		{"least", hundred, 0, 1},
	} {
		if got := percentile(test.samples, test.q); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestStamped_findsTheStampThatEmitWrote(t *testing.T) {
	packet := []byte(`42["message_received",{"id":"x","content":"@1234567 xxxx","seq":1}]`)
	if at, found := stamped(packet); !found || at != 1234567 {
		t.Errorf("stamped = %d, %t", at, found)
	}
	if _, found := stamped([]byte(`42["message_received",{"content":"hello"}]`)); found {
		t.Error("found a stamp where there is none")
	}
}
