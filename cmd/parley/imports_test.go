package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows says which of our packages a package, and what lies in its folder, may import. cmd may import all.
var arrows = map[string][]string{
	"e2e/link":          {},
	"models":            {},
	"models/modelstest": {"models", "migrations", "e2e/link"},
	"migrations":        {},
	"static":            {},
	"views":             {},
	"services":          {"models"},
	"services/state":    {"models", "services"},
	"handlers/protocol": {"models"},
	"handlers/socketio": {},
	"handlers/realtime": {"models", "services", "handlers/protocol", "handlers/socketio"},
	"handlers":          {"models", "services", "handlers/protocol", "views", "static"},
}

// strangers says what a package must not depend on, however far away.
var strangers = map[string][]string{
	"models": {"github.com/gofiber", "github.com/valyala/fasthttp", "github.com/gobwas/ws",
		"github.com/a-h/templ"},
	"migrations": {"github.com/gofiber", "github.com/valyala/fasthttp", "github.com/gobwas/ws",
		"github.com/a-h/templ"},
	"static": {"github.com/gofiber", "github.com/valyala/fasthttp", "github.com/gobwas/ws",
		"github.com/a-h/templ"},
	"services": {"github.com/gofiber", "github.com/valyala/fasthttp", "github.com/gobwas/ws",
		"github.com/a-h/templ"},
	"services/state": {"github.com/gofiber", "github.com/valyala/fasthttp", "github.com/gobwas/ws",
		"github.com/a-h/templ"},
	"views":             {"gorm.io", "github.com/gofiber", "github.com/valyala/fasthttp"},
	"handlers/protocol": {"github.com/gofiber", "github.com/valyala/fasthttp", "github.com/gobwas/ws"},
}

type listed struct {
	ImportPath    string
	Imports, Deps []string
}

func TestImports_followTheArrows(t *testing.T) {
	t.Parallel()
	for _, p := range ourPackages(t) {
		path := strings.TrimPrefix(p.ImportPath, "parley/")
		if strings.HasPrefix(path, "cmd/") {
			continue
		}
		rule, known := ruleFor(path)
		if !known {
			t.Errorf("%s has no place in the architecture: give it its arrows here", path)
			continue
		}
		for _, imported := range p.Imports {
			if ours, found := strings.CutPrefix(imported, "parley/"); found {
				if to, _ := ruleFor(ours); to != rule && !slices.Contains(arrows[rule], to) {
					t.Errorf("%s must not import %s", path, ours)
				}
			}
		}
		for _, stranger := range strangers[rule] {
			for _, dependency := range p.Deps {
				if within(dependency, stranger) {
					t.Errorf("%s must not depend on %s", path, dependency)
				}
			}
		}
	}
}

// ruleFor is the nearest folder with arrows. What has its own arrows is no part of the folder above.
func ruleFor(path string) (rule string, known bool) {
	for folder := range arrows {
		if within(path, folder) && len(folder) > len(rule) {
			rule, known = folder, true
		}
	}
	return rule, known
}

func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

func ourPackages(t *testing.T) (packages []listed) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Imports,Deps", "parley/...").
		Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.ImportPath, "parley/") {
			packages = append(packages, p)
		}
	}
}
