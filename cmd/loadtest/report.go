package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// A report is the result of a scenario: its figures in order and, where correctness was checked, the problems found.
type report struct {
	scenario string
	figures  []figure
	checked  bool
	problems []string
}

type figure struct {
	name  string
	value any
}

func (r *report) add(name string, value any) {
	if f, isFloat := value.(float64); isFloat {
		value = math.Round(f*1000) / 1000
	}
	r.figures = append(r.figures, figure{name, value})
}

// check records that correctness was checked, and the problems found.
func (r *report) check(problems []string) {
	r.checked = true
	r.problems = append(r.problems, problems...)
}

func (r *report) ok() bool {
	return len(r.problems) == 0
}

func (r *report) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return r.writeJSON(w)
	}
	line := r.scenario
	for _, f := range r.figures {
		line += fmt.Sprintf(" %s=%v", f.name, f.value)
	}
	if r.checked && r.ok() {
		line += " ok"
	}
	if !r.ok() {
		line += " FAILED: " + strings.Join(r.problems, "; ")
	}
	_, err := fmt.Fprintln(w, line)
	return err
}

func (r *report) writeJSON(w io.Writer) error {
	object := map[string]any{"scenario": r.scenario}
	for _, f := range r.figures {
		object[f.name] = f.value
	}
	if r.checked {
		object["ok"] = r.ok()
		object["problems"] = append([]string{}, r.problems...)
	}
	return json.NewEncoder(w).Encode(object)
}
