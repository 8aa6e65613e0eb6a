package handlers

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"parley/services"
	"parley/views"
)

// SetupToken guards /setup while the installation has no organization: whoever reads the log may make the first one.
type SetupToken struct {
	organizations *services.Organizations
	secret        string
	attempts      services.Limiter

	mu   sync.Mutex
	done bool // once an organization is there, one stays
}

var setupRate = services.Rate{Count: 20, Window: time.Minute}

// NewSetupToken makes the token, the same one on every node and after every start: it is derived from secretKey.
func NewSetupToken(organizations *services.Organizations, attempts services.Limiter, secretKey []byte) *SetupToken {
	mac := hmac.New(sha256.New, secretKey)
	mac.Write([]byte("setup token"))
	secret := strings.ToLower(base32.StdEncoding.EncodeToString(mac.Sum(nil))[:26])
	return &SetupToken{organizations: organizations, attempts: attempts, secret: secret}
}

// Secret is what the log prints.
func (t *SetupToken) Secret() string { return t.secret }

// Needed reports whether there is no organization yet.
func (t *SetupToken) Needed(ctx context.Context) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.done {
		return false
	}
	empty, err := t.organizations.Empty(ctx)
	if err != nil {
		slog.Error("look for an organization", "error", err)
		return false
	}
	t.done = !empty
	return empty
}

func (t *SetupToken) valid(given string) bool {
	return subtle.ConstantTimeCompare([]byte(strings.TrimSpace(given)), []byte(t.secret)) == 1
}

func (a *App) setupPage(c *fiber.Ctx) error {
	if !a.Setup.Needed(c.UserContext()) {
		return c.Redirect("/auth/login", fiber.StatusSeeOther)
	}
	return render(c, fiber.StatusOK, views.SetupPage(views.Setup{Layout: a.layout(c, "Set up")}), nil)
}

func (a *App) setUp(c *fiber.Ctx) error {
	if !a.Setup.Needed(c.UserContext()) {
		return c.Redirect("/auth/login", fiber.StatusSeeOther)
	}
	form := views.Setup{
		Layout:           a.layout(c, "Set up"),
		SetupToken:       c.FormValue("setup_token"),
		OrganizationName: c.FormValue("organization_name"),
		Name:             c.FormValue("name"),
		Email:            c.FormValue("email"),
	}
	if wait, err := a.Setup.attempts.Allow(c.UserContext(), "setup:"+a.clientAddress(c), setupRate); err != nil ||
		wait > 0 {
		return services.Refuse(services.RateLimited, "Too many attempts. Wait a minute and try again.")
	}
	if !a.Setup.valid(form.SetupToken) {
		form.Errors = map[string]string{"setup_token": "This is not the token in the log."}
		return render(c, fiber.StatusForbidden, views.SetupPage(form), nil)
	}
	_, err := a.Organizations.SetUp(c.UserContext(), services.NewOrganization{
		Name:       form.OrganizationName,
		AdminName:  form.Name,
		AdminEmail: form.Email,
		Password:   c.FormValue("password"),
	})
	if err != nil {
		refusal, status := refusalOf(c, err)
		form.Errors = map[string]string{refusal.Field: refusal.Message}
		return render(c, status, views.SetupPage(form), nil)
	}
	result, err := a.Login.Login(c.UserContext(), form.Email, c.FormValue("password"), a.device(c))
	if err != nil {
		return err
	}
	return a.loggedIn(c, result, "/welcome")
}
