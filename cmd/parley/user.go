package main

type userCommand struct {
	Password userPasswordCommand `cmd:"" help:"Give somebody a new password. Logs them out everywhere."`
}

type userPasswordCommand struct {
	Email               string `required:"" help:"Who it is."`
	PasswordStdin       bool   `required:"" help:"Read the new password from standard input."`
	WithoutSecondFactor bool   `help:"Take the second factor off too: for whoever has lost it, and the recovery codes."`
}

// Run works beside a server, on PostgreSQL.
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
	return graph.Passwords.Reset(p.ctx, u.Email, password, u.WithoutSecondFactor)
}
