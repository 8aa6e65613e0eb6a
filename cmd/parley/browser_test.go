package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"parley/services"
)

// browser is an HTTP client with cookies. Any 5xx that a test did not ask for fails it.
type browser struct {
	t      testing.TB
	base   string
	client *http.Client
	csrf   string
	may5xx bool
}

// answer is a response, read.
type answer struct {
	*http.Response
	body string
}

func (w *world) browser(node int) *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{
		t:    w.t,
		base: w.node(node).url,
		client: &http.Client{
			Jar:           jar,
			Timeout:       patience,
			Transport:     &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// login is a browser in which somebody has logged in.
func (w *world) login(node int, who services.Credentials) *browser {
	w.t.Helper()
	b := w.browser(node)
	b.get("/auth/login")
	if a := b.form("/auth/login", "email", who.Email, "password", who.Password); a.StatusCode != http.StatusSeeOther {
		w.t.Fatalf("login answered %d: %s", a.StatusCode, a.body)
	}
	b.get("/inbox")
	return b
}

// at is the same browser, cookies and all, at another node.
func (b *browser) at(w *world, node int) *browser {
	other := *b
	other.base = w.node(node).url
	return &other
}

func (b *browser) session() string {
	u, _ := url.Parse(b.base)
	for _, cookie := range b.client.Jar.Cookies(u) {
		if cookie.Name == "session" {
			return cookie.Value
		}
	}
	return ""
}

var csrfMeta = regexp.MustCompile(`<meta name="csrf-token" content="([^"]+)"`)

// do sends a request with headers given as pairs, and keeps the CSRF token of a page.
func (b *browser) do(method, path, body string, headers ...string) answer {
	b.t.Helper()
	request, err := http.NewRequest(method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	if response.StatusCode >= 500 && !b.may5xx {
		b.t.Errorf("%s %.200s answered %d: %.300s", method, path, response.StatusCode, read)
	}
	if found := csrfMeta.FindSubmatch(read); found != nil && len(found[1]) > 0 {
		b.csrf = secrets.add(string(found[1]))
	}
	if cookie := b.session(); cookie != "" {
		secrets.add(cookie)
	}
	return answer{response, string(read)}
}

func (b *browser) get(path string, headers ...string) answer {
	b.t.Helper()
	return b.do(http.MethodGet, path, "", headers...)
}

// form posts a form with the page's CSRF token.
func (b *browser) form(path string, pairs ...string) answer {
	b.t.Helper()
	values := formValues(append([]string{"csrf_token", b.csrf}, pairs...)...)
	return b.do(http.MethodPost, path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func formValues(pairs ...string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values
}

// post posts to the API with the CSRF header.
func (b *browser) post(path, body string) answer {
	b.t.Helper()
	return b.do(http.MethodPost, path, body, "Content-Type", "application/json", "X-CSRFToken", b.csrf)
}

func (a answer) status(t testing.TB, want int) answer {
	t.Helper()
	if a.StatusCode != want {
		t.Errorf("%s %s answered %d, want %d: %.300s", a.Request.Method, a.Request.URL.Path, a.StatusCode, want, a.body)
	}
	return a
}

// json is the body decoded.
func (a answer) json(t testing.TB) any {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(a.body), &value); err != nil {
		t.Fatalf("%s %s answered %d, no JSON: %.300s", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.body)
	}
	return value
}

// refused asserts the contract's error.
func (a answer) refused(t testing.TB, status int, code string) {
	t.Helper()
	a.status(t, status)
	like(t, a.json(t), obj{"error": code, "message": isSentence})
}

// visit is an end user's conversation.
type visit struct{ conversationID, externalID string }

var visits atomic.Int64

// newExternalID has the mark that no log may hold.
func newExternalID() string { return fmt.Sprintf("%s-%d", xidMark, visits.Add(1)) }

// text is a message's content with the mark that no log may hold.
func text(format string, args ...any) string { return textMark + " " + fmt.Sprintf(format, args...) }

var widgetData = regexp.MustCompile(`data-conversation-id="([^"]*)"[^>]*data-external-id="([^"]*)"`)

// visit opens the widget as somebody new.
func (w *world) visit(node int) visit {
	w.t.Helper()
	return w.visitAs(node, newExternalID(), "")
}

func (w *world) visitAs(node int, externalID, name string) visit {
	w.t.Helper()
	query := url.Values{"embed_token": {w.seeded.EmbedToken}, "session_id": {externalID}}
	if name != "" {
		query.Set("customer_name", name)
	}
	return readVisit(w.t, w.browser(node).get("/chat-widget?"+query.Encode()).status(w.t, 200))
}

func readVisit(t testing.TB, a answer) visit {
	t.Helper()
	found := widgetData.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("the widget's root element carries no data-conversation-id and data-external-id: %.600s", a.body)
	}
	return visit{found[1], found[2]}
}

// ---- what JSON must look like

type obj = map[string]any

// matcher is a condition in the place of a value.
type matcher struct {
	name string
	ok   func(any) bool
}

var (
	isUUID = matcher{"a UUID", func(v any) bool {
		s, ok := v.(string)
		return ok && len(s) == 36 && uuid.Validate(s) == nil
	}}
	isTime = matcher{"a timestamp YYYY-MM-DDTHH:MM:SS.ffffff", func(v any) bool {
		s, ok := v.(string)
		at, err := time.Parse("2006-01-02T15:04:05.000000", s)
		return ok && err == nil && len(s) == 26 && time.Since(at).Abs() < time.Hour
	}}
	isSentence = matcher{"a sentence", func(v any) bool {
		s, ok := v.(string)
		return ok && len(s) > 3 && !strings.Contains(s, "SQL") && !strings.Contains(s, xidMark)
	}}
	anything = matcher{"anything", func(any) bool { return true }}
)

// like fails unless got is want: objects with exactly these keys, lists of exactly these elements, matchers.
func like(t testing.TB, got, want any) {
	t.Helper()
	if difference := differ("", got, want); difference != "" {
		text, _ := json.Marshal(got)
		t.Errorf("%s\nin %.1500s", difference, text)
	}
}

func differ(path string, got, want any) string {
	switch want := want.(type) {
	case matcher:
		if !want.ok(got) {
			return fmt.Sprintf("%s is %v, want %s", path, got, want.name)
		}
	case obj:
		object, ok := got.(obj)
		if !ok {
			return fmt.Sprintf("%s is %v, want an object", path, got)
		}
		for key := range object {
			if _, known := want[key]; !known {
				return fmt.Sprintf("%s.%s is there, and should not be", path, key)
			}
		}
		for key := range want {
			value, there := object[key]
			if !there {
				return fmt.Sprintf("%s.%s is missing", path, key)
			}
			if difference := differ(path+"."+key, value, want[key]); difference != "" {
				return difference
			}
		}
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return fmt.Sprintf("%s is %v, want a list of %d", path, got, len(want))
		}
		for i := range want {
			if difference := differ(fmt.Sprintf("%s[%d]", path, i), list[i], want[i]); difference != "" {
				return difference
			}
		}
	default:
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if !bytes.Equal(a, b) {
			return fmt.Sprintf("%s is %s, want %s", path, a, b)
		}
	}
	return ""
}
