package services

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/mail"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"parley/models"
)

const mailTimeout = 30 * time.Second // of one mail

// Mailer sends mail to one address. Its errors must hold nothing of the mail: the text may hold a link that lets its
// reader in.
type Mailer interface {
	Send(ctx context.Context, to, subject, text string) error
}

// SMTP sends mail through an SMTP server.
type SMTP struct {
	client *gomail.Client
	from   string
}

// NewSMTP reads a URL like smtp://user:password@host:port; user and port are optional. With smtps:// the connection is
// always encrypted, with smtp:// only where the server offers it. A password is never sent unencrypted, except to this
// machine.
func NewSMTP(server, from string) (*SMTP, error) {
	u, err := url.Parse(server)
	if err != nil || (u.Scheme != "smtp" && u.Scheme != "smtps") || u.Hostname() == "" ||
		(u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		return nil, fmt.Errorf("must be a URL like smtp://user:password@host:587 or smtps://user:password@host:465")
	}
	options := []gomail.Option{gomail.WithTimeout(mailTimeout)}
	if u.Scheme == "smtps" {
		options = append(options, gomail.WithSSL(), gomail.WithPort(465))
	} else {
		policy := gomail.TLSOpportunistic
		if u.User != nil && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" {
			policy = gomail.TLSMandatory
		}
		options = append(options, gomail.WithTLSPolicy(policy), gomail.WithPort(587))
	}
	if u.Port() != "" {
		port, err := strconv.Atoi(u.Port())
		if err != nil || port < 1 || port > 65535 {
			return nil, fmt.Errorf("must have a port between 1 and 65535")
		}
		options = append(options, gomail.WithPort(port))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	options = append(options, gomail.WithTLSConfig(&tls.Config{
		ServerName: u.Hostname(),
		MinVersion: tls.VersionTLS12,
	}))
	client, err := gomail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, fmt.Errorf("must be a URL like smtp://user:password@host:587 or smtps://user:password@host:465")
	}
	return &SMTP{client: client, from: from}, nil
}

// ValidSender reports whether mail can be sent from an address, with or without a name.
func ValidSender(from string) bool {
	_, err := mail.ParseAddress(from)
	return err == nil && plainLine(from)
}

// Send implements Mailer.
func (s *SMTP) Send(ctx context.Context, to, subject, text string) error {
	message := gomail.NewMsg()
	if err := message.From(s.from); err != nil {
		return fmt.Errorf("the sender's address is refused")
	}
	if err := message.To(to); err != nil {
		return fmt.Errorf("the recipient's address is refused")
	}
	message.Subject(subject)
	message.SetBodyString(gomail.TypeTextPlain, text)
	ctx, cancel := context.WithTimeout(ctx, mailTimeout)
	defer cancel()
	err := s.client.DialAndSendWithContext(ctx, message)
	if err == nil {
		return nil
	}
	return sendFailure(err)
}

// sendFailure says why a mail was not sent. In full, errors name the recipient, and servers quote what they refuse:
// also a password, in base64.
func sendFailure(err error) error {
	var unsent *gomail.SendError
	var answer *textproto.Error
	switch {
	case errors.As(err, &unsent):
		return fmt.Errorf("%s: answer %d", unsent.Reason, unsent.ErrorCode())
	case errors.As(err, &answer) && answer.Code == 535:
		return errors.New("the mail server refuses the user name or password")
	case errors.As(err, &answer):
		return fmt.Errorf("the mail server answers %d", answer.Code)
	case strings.Contains(err.Error(), "does not support STARTTLS"):
		return errors.New("the mail server offers no TLS, without which no password is sent")
	case errors.Is(err, gomail.ErrNoSupportedAuthDiscovered):
		return errors.New("the mail server offers no login that protects the password")
	case strings.Contains(err.Error(), "does not support SMTP AUTH"):
		return errors.New("the mail server offers no login; leave user name and password out of SMTP_URL")
	}
	return fmt.Errorf("the mail server does not answer: %s", models.ConnectReason(err))
}
