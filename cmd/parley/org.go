package main

import (
	"encoding/json"
	"errors"
	"strings"

	"parley/services"
)

type orgCommand struct {
	Create orgCreateCommand `cmd:"" help:"Create an organization and its owner."`
}

type orgCreateCommand struct {
	Name          string `required:"" help:"Name of the organization."`
	AdminEmail    string `required:"" help:"Email address of the owner."`
	AdminName     string `required:"" help:"Name of the owner."`
	PasswordStdin bool   `required:"" help:"Read the owner's password from standard input."`
}

// Run creates the organization and prints its id and its owner's.
func (o *orgCreateCommand) Run(p *program) error {
	password, err := p.password()
	if err != nil {
		return err
	}
	graph, close, err := p.open()
	if err != nil {
		return err
	}
	defer close()
	owner, err := graph.Organizations.Create(p.ctx, services.NewOrganization{
		Name:       o.Name,
		AdminEmail: o.AdminEmail,
		AdminName:  o.AdminName,
		Password:   password,
	})
	if err != nil { // of several fields that are wrong each has a line
		return errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
	}
	created := map[string]string{"organization_id": owner.OrganizationID, "user_id": owner.ID}
	return json.NewEncoder(p.stdout).Encode(created)
}
