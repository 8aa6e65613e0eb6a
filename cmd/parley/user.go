package main

import "fmt"

type userCommand struct {
	Password userPasswordCommand `cmd:"" help:"Set a new password and log the person out on every device."`
}

type userPasswordCommand struct {
	Email               string `required:"" help:"Email address the person logs in with."`
	PasswordStdin       bool   `required:"" help:"Read the new password from standard input."`
	WithoutSecondFactor bool   `help:"Also turn off two-factor login, for a person who lost the phone and the recovery codes."`
}

// Run sets the password. On PostgreSQL it may run while servers use the database.
func (u *userPasswordCommand) Run(p *program) error {
	password, err := p.password()
	if err != nil {
		return err
	}
	graph, close, err := p.open()
	if err != nil {
		return err
	}
	defer close()
	if err := graph.Passwords.Reset(p.ctx, u.Email, password, u.WithoutSecondFactor); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, "Password changed.")
	return err
}
