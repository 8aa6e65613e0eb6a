package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"parley/cmd/loadtest/cluster"
)

// faults of the same kind of world stand together, so that they share one. Those that take longest come first, because
// others can run beside them.
var faults = slices.Concat(soakFaults, sqliteFaults, diskFaults, replicaFaults, nodeFaults, postgresFaults, redisFaults,
	linkFaults, crowdFaults, raceFaults, resourceFaults, upgradeFaults)

// endQuiet is how long nobody writes at the end of a run.
const endQuiet = 30 * time.Second

// A faultRun is what the flags ask for.
type faultRun struct {
	seed   uint64
	within time.Duration // of -for
	scale  float64
	keep   bool
	lanes  int
	folder string

	mu     sync.Mutex
	stdout io.Writer
	failed bool
}

// runFaults breaks servers of its own while people use them, and prints what that did as a Markdown table.
func runFaults(args []string, stdout io.Writer) error {
	r := &faultRun{stdout: stdout}
	var only string
	var all, listed bool
	flags := flag.NewFlagSet("loadtest faults", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Uint64Var(&r.seed, "seed", 0, "chooses faults, victims and moments; 0: a new one, which is printed")
	flags.DurationVar(&r.within, "for", 0, "a random selection of faults, once each, in about this time")
	flags.StringVar(&only, "only", "", "these faults, separated by commas")
	flags.BoolVar(&all, "all", false, "every fault")
	flags.BoolVar(&listed, "list", false, "print the faults")
	flags.Float64Var(&r.scale, "scale", 1, "multiplies how often each fault happens")
	flags.IntVar(&r.lanes, "lanes", 1, "how many faults run at the same time, on separate servers")
	flags.BoolVar(&r.keep, "keep", false, "keep the logs also of a run without problems")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if r.lanes < 1 {
		return errors.New("-lanes must be at least 1")
	}
	if listed {
		for _, f := range faults {
			fmt.Fprintf(stdout, "%-24s %5d  %s\n", f.name, f.dose, f.about)
		}
		return nil
	}
	chosen, err := chooseFaults(only, all || r.within > 0)
	if err != nil {
		return err
	}
	return r.run(chosen)
}

func chooseFaults(only string, all bool) (chosen []*fault, err error) {
	for i := range faults {
		if all && only == "" {
			chosen = append(chosen, &faults[i])
		}
	}
	for _, name := range strings.FieldsFunc(only, func(r rune) bool { return r == ',' }) {
		i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
		if i < 0 {
			return nil, fmt.Errorf("no fault %q: see loadtest faults -list", name)
		}
		chosen = append(chosen, &faults[i])
	}
	if len(chosen) == 0 {
		return nil, errors.New("choose faults with -only or -for, or use -all")
	}
	return chosen, nil
}

func (r *faultRun) run(chosen []*fault) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if r.seed == 0 {
		r.seed = rand.Uint64N(1_000_000) + 1
	}
	var err error
	if r.folder, err = os.MkdirTemp("", "parley-faults-"); err != nil {
		return err
	}
	if err := os.Chmod(r.folder, 0o711); err != nil {
		return err
	}
	fmt.Fprintf(r.stdout, "Seed %d: repeat with -seed %d.\n\n", r.seed, r.seed)
	program := filepath.Join(r.folder, "parley")
	if err := cluster.Build(program, 0); err != nil {
		return err
	}
	if r.within > 0 {
		chosen = r.choose(chosen)
	}
	fmt.Fprint(r.stdout, faultHeader)
	err = r.each(ctx, chosen, program)
	if err == nil && !r.failed && !r.keep {
		return os.RemoveAll(r.folder)
	}
	fmt.Fprintf(r.stdout, "\nThe logs are in %s.\n", r.folder)
	if err == nil && r.failed {
		err = errFailed
	}
	return err
}

// each runs all faults, as many at the same time as there are lanes.
func (r *faultRun) each(ctx context.Context, chosen []*fault, program string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	left := &faultsLeft{faults: slices.Clone(chosen)}
	return parallel(r.lanes, r.lanes, func(int) error {
		err := r.lane(ctx, left, program)
		if err != nil {
			stop()
		}
		return err
	})
}

// lane runs faults one after the other. A world is used again until something has failed in it.
func (r *faultRun) lane(ctx context.Context, left *faultsLeft, program string) error {
	var w *world
	defer func() {
		if w != nil {
			w.end()
		}
	}()
	for {
		f := left.take(w)
		if w != nil && (f == nil || f.kind != w.kind) {
			r.report(w.finish(endQuiet))
			w.end()
			w = nil
		}
		if f == nil {
			return nil
		}
		number := slices.IndexFunc(faults, func(g fault) bool { return g.name == f.name })
		if w == nil {
			var err error
			if w, err = newWorld(ctx, f.kind, program, r.folder, r.seed+uint64(number)); err != nil {
				return err
			}
		}
		t := &trial{
			world:  w,
			fault:  f,
			ctx:    ctx,
			random: newRandom(r.seed, 1000+number),
			dose:   r.doseOf(f),
			short:  r.within > 0,
		}
		got := t.suffer()
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
		r.report(got)
		if len(got.problems) > 0 {
			w.end()
			w = nil
		}
	}
}

// report prints a line of the table.
func (r *faultRun) report(line result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || len(line.problems) > 0
	fmt.Fprintln(r.stdout, line)
}

// faultsLeft are the faults that no lane has taken yet.
type faultsLeft struct {
	mu     sync.Mutex
	faults []*fault
}

// take returns the next fault, if possible one for a world of the same kind, or nil.
func (l *faultsLeft) take(w *world) *fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.faults) == 0 {
		return nil
	}
	i := max(0, slices.IndexFunc(l.faults, func(f *fault) bool { return w != nil && f.kind == w.kind }))
	f := l.faults[i]
	l.faults = slices.Delete(l.faults, i, i+1)
	return f
}

func (r *faultRun) doseOf(f *fault) int {
	if r.within > 0 {
		return max(1, f.short)
	}
	return max(1, int(float64(f.dose)*r.scale))
}

// choose chooses faults whose usual times add up to what -for allows, with a start and an end for each kind of world.
func (r *faultRun) choose(among []*fault) (chosen []*fault) {
	const around, worldTime = 16 * time.Second, 20*time.Second + endQuiet
	random := newRandom(r.seed, 0)
	left := r.within - 15*time.Second // for building
	kinds := map[worldKind]bool{}
	for _, i := range random.Perm(len(among)) {
		f := among[i]
		cost := around + f.takes
		if !kinds[f.kind] {
			cost += worldTime
		}
		if f.takes == 0 || cost > left {
			continue
		}
		left -= cost
		kinds[f.kind] = true
		chosen = append(chosen, f)
	}
	slices.SortStableFunc(chosen, func(a, b *fault) int { return strings.Compare(a.kind.name, b.kind.name) })
	return chosen
}

const faultHeader = "| Fault | Dose | Messages | Sent again | In step after | p99 before, after | Result |\n" +
	"| --- | --- | --- | --- | --- | --- | --- |\n"

// String is a line of the table.
func (r result) String() string {
	verdict := "ok"
	if len(r.problems) > 0 {
		verdict = "**failed**: " + strings.ReplaceAll(strings.Join(r.problems, " · "), "|", "\\|")
	}
	inStep, latency := "", ""
	if r.missing != "" {
		inStep = "never"
	} else if r.inStep > 0 {
		inStep = tenths(r.inStep)
	}
	if r.before > 0 {
		latency = fmt.Sprintf("%d, %d ms", r.before.Milliseconds(), r.after.Milliseconds())
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %s | %s | %s |", r.name, r.dose, r.messages, r.repeated, inStep, latency,
		verdict)
}
