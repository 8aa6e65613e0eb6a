package main

import (
	"encoding/json"
	"fmt"
)

type seedCommand struct {
	JSON      bool `name:"json" help:"Print one JSON object as the last line."`
	SilentBot bool `help:"Create a bot that never answers, for load tests."`
}

// Run creates the demo organization or resets it, and prints its logins and a new embed token.
func (s *seedCommand) Run(p *program) error {
	graph, close, err := p.open()
	if err != nil {
		return err
	}
	defer close()
	seeded, err := graph.Organizations.Seed(p.ctx, s.SilentBot)
	if err != nil {
		return err
	}
	if s.JSON {
		return json.NewEncoder(p.stdout).Encode(seeded)
	}
	fmt.Fprintf(p.stdout, "admin        %s   %s\nagent        %s   %s\nembed token  %s\n",
		seeded.Admin.Email, seeded.Admin.Password, seeded.Agent.Email, seeded.Agent.Password, seeded.EmbedToken)
	return nil
}
