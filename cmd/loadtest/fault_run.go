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
	"syscall"
	"time"

	"parley/cmd/loadtest/cluster"
)

// faults are in the order of the table. Those of the same kind of world stand together, so that they share one.
var faults = slices.Concat(nodeFaults, postgresFaults, redisFaults, linkFaults, crowdFaults, raceFaults,
	resourceFaults, upgradeFaults, replicaFaults, diskFaults, sqliteFaults)

// endQuiet is how long nobody writes at the end of a run.
const endQuiet = 30 * time.Second

// A faultRun is what the flags ask for.
type faultRun struct {
	seed   uint64
	within time.Duration // of -for
	scale  float64
	keep   bool
	stdout io.Writer
	folder string
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
	flags.BoolVar(&r.keep, "keep", false, "keep the logs also of a run without problems")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
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
	failed, err := r.each(ctx, chosen, program)
	if err == nil && !failed && !r.keep {
		return os.RemoveAll(r.folder)
	}
	fmt.Fprintf(r.stdout, "\nThe logs are in %s.\n", r.folder)
	if err == nil && failed {
		err = errFailed
	}
	return err
}

// each runs faults one after the other. A world is used again until something has failed in it.
func (r *faultRun) each(ctx context.Context, chosen []*fault, program string) (failed bool, err error) {
	var w *world
	defer func() {
		if w != nil {
			w.end()
		}
	}()
	finish := func() {
		if w == nil {
			return
		}
		ended := w.finish(endQuiet)
		failed = failed || len(ended.problems) > 0
		fmt.Fprintln(r.stdout, ended)
		w.end()
		w = nil
	}
	for i, f := range chosen {
		if w != nil && w.kind != f.kind {
			finish()
		}
		if w == nil {
			if w, err = newWorld(ctx, f.kind, program, r.folder, r.seed+uint64(i)); err != nil {
				return true, err
			}
		}
		t := &trial{
			world:  w,
			fault:  f,
			ctx:    ctx,
			random: newRandom(r.seed, 1000+slices.IndexFunc(faults, func(g fault) bool { return g.name == f.name })),
			dose:   r.doseOf(f),
			short:  r.within > 0,
		}
		got := t.suffer()
		fmt.Fprintln(r.stdout, got)
		if err := ctx.Err(); err != nil {
			return true, errors.New("interrupted")
		}
		if len(got.problems) > 0 {
			failed = true
			w.end()
			w = nil
		}
	}
	finish()
	return failed, nil
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
