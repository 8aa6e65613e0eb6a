package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker for releases: -ldflags "-X main.version=1.0.0".
var version = ""

type versionCommand struct{}

// Run prints the version, or the version that Go derived from the commit.
func (*versionCommand) Run(p *program) error {
	name := version
	if info, ok := debug.ReadBuildInfo(); ok && name == "" {
		name = info.Main.Version
	}
	_, err := fmt.Fprintf(p.stdout, "parley %s %s\n", name, runtime.Version())
	return err
}
