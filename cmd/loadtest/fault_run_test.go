package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"parley/cmd/loadtest/cluster"
)

func TestFaults_areChosen(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range faults {
		if seen[f.name] || f.dose < 1 || f.about == "" {
			t.Errorf("%q has the name of another fault, no dose or no description", f.name)
		}
		seen[f.name] = true
	}
	all, err := chooseFaults("", true)
	if err != nil || len(all) != len(faults) {
		t.Fatalf("%d faults, %v; want all %d", len(all), err, len(faults))
	}
	names := func(chosen []*fault) (names []string) {
		for _, f := range chosen {
			names = append(names, f.name)
		}
		return names
	}
	t.Run("by name", func(t *testing.T) {
		chosen, err := chooseFaults("redis-kill,node-kill", false)
		if got := strings.Join(names(chosen), " "); err != nil || got != "redis-kill node-kill" {
			t.Errorf("%q, %v", got, err)
		}
		if _, err := chooseFaults("redis-kill,unknown", false); err == nil {
			t.Error("an unknown name is accepted")
		}
		if _, err := chooseFaults("", false); err == nil {
			t.Error("no name at all is accepted")
		}
	})
	t.Run("within a time, by seed", func(t *testing.T) {
		selections := map[string]bool{}
		for seed := range uint64(20) {
			r := &faultRun{seed: seed, within: 3 * time.Minute}
			chosen := r.choose(all)
			total := time.Duration(0)
			for _, f := range chosen {
				total += f.takes
			}
			if len(chosen) == 0 || total > r.within {
				t.Errorf("seed %d: %q take %s", seed, names(chosen), total)
			}
			got := strings.Join(names(chosen), " ")
			if again := strings.Join(names(r.choose(all)), " "); again != got {
				t.Errorf("seed %d: %q and then %q", seed, got, again)
			}
			selections[got] = true
		}
		if len(selections) < 10 {
			t.Errorf("20 seeds make only %d selections", len(selections))
		}
	})
	t.Run("and listed", func(t *testing.T) {
		var out bytes.Buffer
		if err := runFaults([]string{"-list"}, &out); err != nil || strings.Count(out.String(), "\n") != len(faults) {
			t.Errorf("%v: %s", err, out.String())
		}
	})
}

func TestFaults_areTakenByTheirWorld(t *testing.T) {
	chosen, err := chooseFaults("node-kill,sqlite-kill,redis-kill", false)
	if err != nil {
		t.Fatal(err)
	}
	left := &faultsLeft{faults: chosen}
	onSQLite := &world{kind: oneSQLite}
	for i, want := range []struct {
		by   *world
		name string
	}{{onSQLite, "sqlite-kill"}, {nil, "node-kill"}, {onSQLite, "redis-kill"}} {
		if f := left.take(want.by); f == nil || f.name != want.name {
			t.Errorf("take %d is %v, want %s", i, f, want.name)
		}
	}
	if f := left.take(nil); f != nil {
		t.Errorf("%s is left", f.name)
	}
}

func usageOf(megabytes, goroutines, files int) cluster.Usage {
	return cluster.Usage{
		Heap:       megabytes << 20,
		Goroutines: goroutines,
		Files:      files,
	}
}

func TestGrown(t *testing.T) {
	before := usageOf(100, 1000, 200)
	if got := grown(before, usageOf(108, 1080, 210), 1); got != "" {
		t.Errorf("%q; want nothing for less than a tenth", got)
	}
	if got := grown(before, usageOf(80, 10, 10), 1); got != "" {
		t.Errorf("%q; want nothing for less than before", got)
	}
	for name, now := range map[string][3]int{
		"heap":        {200, 1000, 200},
		"goroutines":  {100, 1200, 200},
		"descriptors": {100, 1000, 300},
	} {
		if got := grown(before, usageOf(now[0], now[1], now[2]), 1); !strings.Contains(got, name) {
			t.Errorf("%q; want %s", got, name)
		}
	}
}
