package services_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"parley/services"
)

// mailer keeps what it is to send, or fails.
type mailer struct {
	mu   sync.Mutex
	sent []string
	err  error
}

func (m *mailer) Send(_ context.Context, to, subject, text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, to+"\n"+subject+"\n"+text)
	return m.err
}

// smtpServer takes one mail, or refuses its content with a line that quotes it, and returns what it got.
func smtpServer(t *testing.T, accept bool) (url string, got <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	mails := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 mail.example\r\n")
		lines := bufio.NewScanner(conn)
		mail := ""
		inside := false
		for lines.Scan() {
			line := lines.Text()
			mail += line + "\n"
			switch {
			case inside && line == ".":
				inside = false
				if accept {
					fmt.Fprint(conn, "250 taken\r\n")
				} else {
					fmt.Fprintf(conn, "554 refused: https://chat.example/invitation/inv_secret\r\n")
				}
				mails <- mail
			case inside:
			case line == "DATA":
				inside = true
				fmt.Fprint(conn, "354 go on\r\n")
			case line == "QUIT":
				fmt.Fprint(conn, "221 bye\r\n")
				return
			default:
				fmt.Fprint(conn, "250 ok\r\n")
			}
		}
	}()
	return "smtp://" + listener.Addr().String(), mails
}

func TestSMTP_sendsAMail(t *testing.T) {
	t.Parallel()
	url, got := smtpServer(t, true)
	mailer, err := services.NewSMTP(url, "Parley <parley@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	if err := mailer.Send(t.Context(), "ann@acme.example", "Join Acme", "Hello Ann"); err != nil {
		t.Fatal(err)
	}
	mail := <-got
	for _, want := range []string{"MAIL FROM:<parley@example.com>", "RCPT TO:<ann@acme.example>", "Subject: Join Acme",
		"Hello Ann", "text/plain"} {
		if !strings.Contains(mail, want) {
			t.Errorf("no %q in:\n%s", want, mail)
		}
	}
}

func TestSMTP_failsWithoutTellingWhatItSent(t *testing.T) {
	t.Parallel()
	url, _ := smtpServer(t, false)
	mailer, err := services.NewSMTP(url, "parley@example.com")
	if err != nil {
		t.Fatal(err)
	}
	err = mailer.Send(t.Context(), "ann@acme.example", "Join Acme", "https://chat.example/invitation/inv_secret")
	if err == nil || strings.Contains(err.Error(), "inv_secret") || strings.Contains(err.Error(), "ann@") {
		t.Errorf("error: %v", err)
	}
	for _, to := range []string{"", "nobody", "a@b.example\r\nBcc: c@d.example"} {
		if err := mailer.Send(t.Context(), to, "x", "x"); err == nil {
			t.Errorf("sent to %q", to)
		}
	}
}

// loginServer speaks SMTP up to the login, and answers the secret part of that with answer, where %s repeats it.
func loginServer(t *testing.T, answer string) (address string, sent <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	login := make(chan string, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, "220 hello\r\n")
		lines := bufio.NewScanner(conn)
		for lines.Scan() {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "EHLO"):
				fmt.Fprint(conn, "250-hello\r\n250 AUTH CRAM-MD5\r\n")
			case strings.HasPrefix(line, "AUTH"):
				fmt.Fprint(conn, "334 PDEyMz4=\r\n")
			case len(login) == 0:
				login <- line
				if answer == "" {
					return
				}
				fmt.Fprintf(conn, answer+"\r\n", line)
			default:
				fmt.Fprint(conn, "221 bye\r\n")
			}
		}
	}()
	return listener.Addr().String(), login
}

// Servers repeat what they do not understand, and what a login sends may be a password in base64.
func TestSMTP_failsWithoutRepeatingTheLogin(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"535 5.7.8 %s is no login":     "refuses the user name or password",
		"500 unknown command: AUTH %s": "answers 500",
		"nonsense with %s":             "does not answer",
		"":                             "closed the connection",
		"5x5 %s":                       "does not answer",
	} {
		address, sent := loginServer(t, answer)
		mailer, err := services.NewSMTP("smtp://ann:secret%20password@"+address, "parley@example.com")
		if err != nil {
			t.Fatal(err)
		}
		err = mailer.Send(t.Context(), "ann@acme.example", "x", "x")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), <-sent) ||
			strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

func TestNewSMTP_readsURLs(t *testing.T) {
	t.Parallel()
	for url, valid := range map[string]bool{
		"smtp://mail.example": true, "smtp://mail.example:25": true, "smtps://user:p%40ss@mail.example:465": true,
		"smtp://user:secret@mail.example/": true,
		"":                                 false, "mail.example": false, "http://mail.example": false,
		"smtp://": false, "smtp://mail.example:0": false, "smtp://mail.example:99999": false,
		"smtp://mail.example/path": false, "smtp://mail.example?x=1": false, "smtp://user:sec%ret@mail.example": false,
	} {
		if _, err := services.NewSMTP(url, "parley@example.com"); valid != (err == nil) ||
			(err != nil && strings.Contains(err.Error(), "sec%")) {
			t.Errorf("%q: %v", url, err)
		}
	}
	for from, valid := range map[string]bool{"parley@example.com": true, "Parley <parley@example.com>": true, "": false,
		"parley": false, "a@b.example, c@d.example": false} {
		if services.ValidSender(from) != valid {
			t.Errorf("%q: valid is %v", from, !valid)
		}
	}
}
