package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/caarlos0/env/v11"
)

var settingRow = regexp.MustCompile("(?m)^\\| `([A-Z][A-Z0-9_]*)` \\| ([^|]+) \\| ")

func TestOperations_hasEverySetting(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]string{}
	for _, row := range settingRow.FindAllStringSubmatch(string(text), -1) {
		described[row[1]] = row[2]
	}
	params, err := env.GetFieldParams(&Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, param := range params {
		cell, ok := described[param.Key]
		if !ok {
			t.Errorf("%s is a setting, but not in docs/operations.md", param.Key)
		} else if want := "`" + param.DefaultValue + "`"; param.DefaultValue != "" && cell != want {
			t.Errorf("%s: docs/operations.md says the default is %s, it is %s", param.Key, cell, want)
		} else if param.DefaultValue == "" && strings.HasPrefix(cell, "`") {
			t.Errorf("%s: docs/operations.md says the default is %s, there is none", param.Key, cell)
		}
		delete(described, param.Key)
	}
	for name := range described {
		t.Errorf("%s is in docs/operations.md, but no setting", name)
	}
}

func TestOperations_hasEveryCommand(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var help strings.Builder
	if err := run(t.Context(), []string{"--help"}, func(string) string { return "" }, strings.NewReader(""),
		&help); err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^  ([a-z]+)`).FindAllStringSubmatch(help.String(), -1)
	if len(commands) < 5 {
		t.Fatalf("the help lists %d commands:\n%s", len(commands), help.String())
	}
	for _, command := range commands {
		if !strings.Contains(string(text), "| `parley "+command[1]) {
			t.Errorf("parley %s is not in docs/operations.md", command[1])
		}
	}
}
