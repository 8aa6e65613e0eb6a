package services_test

import (
	"slices"
	"strings"
	"testing"

	"parley/models"
	"parley/models/modelstest"
	"parley/services"
)

// vacant is an installation that nobody has set up.
func vacant(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db, clock: newClock(), events: newRecorder()}
		w.newServices(services.Rate{})
		test(w)
	})
}

func acme() services.NewOrganization {
	return services.NewOrganization{
		Name:       " Acme ",
		AdminEmail: " Olga@Acme.Example ",
		AdminName:  " Olga ",
		Password:   password,
	}
}

func TestSetUp_createsTheFirstOrganizationAndItsOwner(t *testing.T) {
	vacant(t, func(w *world) {
		if empty, err := w.Organizations.Empty(w.Context()); err != nil || !empty {
			w.Errorf("empty: %t, %v", empty, err)
		}
		owner, err := w.Organizations.SetUp(w.Context(), acme())
		w.ok(err)
		if owner.Role != models.RoleOwner || owner.Email != "olga@acme.example" || owner.Name != "Olga" ||
			owner.LoginVersion != 1 {
			w.Errorf("owner %+v", owner)
		}
		if made, err := w.Organizations.Get(w.Context(), owner.OrganizationID); err != nil || made.Name != "Acme" {
			w.Errorf("named %q, %v", made.Name, err)
		}
		if empty, err := w.Organizations.Empty(w.Context()); err != nil || empty {
			w.Errorf("empty: %t, %v", empty, err)
		}
		if identity := w.identified(w.logIn(owner)); identity.User.ID != owner.ID {
			w.Errorf("logged in as %+v", identity.User)
		}
		again := acme()
		again.AdminEmail = "mallory@acme.example"
		_, err = w.Organizations.SetUp(w.Context(), again)
		w.refused(services.Conflict, err)
		if n := w.count(&models.Organization{}, "1 = 1"); n != 1 {
			w.Errorf("%d organizations", n)
		}
	})
}

func TestSetUp_succeedsOnce(t *testing.T) {
	vacant(t, func(w *world) {
		const people = 6
		errs := make(chan error, people)
		for i := range people {
			request := acme()
			request.AdminEmail = strings.Repeat("x", i+1) + "@acme.example"
			go func() {
				_, err := w.Organizations.SetUp(w.Context(), request)
				errs <- err
			}()
		}
		won := 0
		for range people {
			if err := <-errs; err == nil {
				won++
			} else {
				w.refused(services.Conflict, err)
			}
		}
		if n, users := w.count(&models.Organization{}, "1 = 1"), w.count(&models.User{}, "1 = 1"); won != 1 || n != 1 ||
			users != 1 {
			w.Errorf("%d won; %d organizations with %d users", won, n, users)
		}
	})
}

func TestSetUp_failsWithoutTheDatabase(t *testing.T) {
	vacant(t, func(w *world) {
		w.db.Close()
		if _, err := w.Organizations.SetUp(w.Context(), acme()); err == nil ||
			services.KindOf(err) != services.Internal {
			w.Errorf("%v: that is no conflict", err)
		}
	})
}

func TestCreate_namesTheWrongField(t *testing.T) {
	vacant(t, func(w *world) {
		for _, test := range []struct {
			field string
			set   func(*services.NewOrganization, string)
			wrong []string
		}{
			{"organization_name", func(r *services.NewOrganization, v string) { r.Name = v },
				[]string{"", "  ", chars(101), "a\nb", "a\x00b", "\xff"}},
			{"email", func(r *services.NewOrganization, v string) { r.AdminEmail = v },
				[]string{"", "olga", "@acme.example", "olga@", "Olga <olga@acme.example>", "a b@acme.example",
					"olga@acme.example\n", "o\x00@acme.example", strings.Repeat("x", 250) + "@acme.example"}},
			{"name", func(r *services.NewOrganization, v string) { r.AdminName = v },
				[]string{"", " ", chars(101), "a\rb"}},
			{"password", func(r *services.NewOrganization, v string) { r.Password = v },
				[]string{"", "short", strings.Repeat("x", 257)}},
		} {
			for _, wrong := range test.wrong {
				request := acme()
				test.set(&request, wrong)
				_, err := w.Organizations.Create(w.Context(), request)
				if wrong == "olga@acme.example\n" { // space around is trimmed
					w.ok(err)
					continue
				}
				if refusal := services.AsError(err); err == nil || refusal.Kind != services.Invalid ||
					refusal.Field != test.field {
					w.Errorf("%s %q: %v in field %q", test.field, wrong, err, refusal.Field)
				}
			}
		}
	})
}

func TestCreate_refusesAnEmailThatIsTaken(t *testing.T) {
	vacant(t, func(w *world) {
		_, err := w.Organizations.Create(w.Context(), acme())
		w.ok(err)
		again := acme()
		again.AdminEmail = "OLGA@acme.example"
		_, err = w.Organizations.Create(w.Context(), again)
		w.refused(services.Conflict, err)
		if services.AsError(err).Field != "email" || w.count(&models.Organization{}, "1 = 1") != 1 {
			w.Errorf("%+v, and %d organizations", services.AsError(err), w.count(&models.Organization{}, "1 = 1"))
		}
	})
}

func TestSeed_onlyChangesTheTokenWhenRepeated(t *testing.T) {
	vacant(t, func(w *world) {
		if demo, err := w.Organizations.Demo(w.Context()); err != nil || demo {
			w.Errorf("demo: %t, %v", demo, err)
		}
		first, err := w.Organizations.Seed(w.Context(), false)
		w.ok(err)
		w.clock.advance(1000)
		second, err := w.Organizations.Seed(w.Context(), false)
		w.ok(err)
		if first.EmbedToken == second.EmbedToken || !strings.HasPrefix(first.EmbedToken, "ew_") {
			w.Errorf("tokens %s and %s", first.EmbedToken, second.EmbedToken)
		}
		same := second
		same.EmbedToken = first.EmbedToken
		if first != same {
			w.Errorf("first\n%+v, then\n%+v", first, second)
		}
		for model, n := range map[any]int64{&models.Organization{}: 1, &models.User{}: 2, &models.Bot{}: 1,
			&models.Channel{}: 2, &models.EmbedToken{}: 2} {
			if got := w.count(model, "1 = 1"); got != n {
				w.Errorf("%d of %T", got, model)
			}
		}
		for _, one := range []struct {
			services.Credentials
			role models.Role
		}{{first.Admin, models.RoleOwner}, {first.Agent, models.RoleAgent}} {
			result, err := w.WebSessions.LogIn(w.Context(), one.Email, one.Password, browser)
			w.ok(err)
			if user := w.identified(result.Token).User; user.Role != one.role ||
				user.OrganizationID != first.OrganizationID {
				w.Errorf("%s is %+v", one.Email, user)
			}
		}
		for _, token := range []string{first.EmbedToken, second.EmbedToken} {
			opened := w.open(services.WidgetRequest{
				EmbedToken: token,
				ExternalID: "jo",
				Origin:     "https://anywhere.example",
			})
			if opened.BotName != "Pip" || opened.Greeting.ContentType != models.TypeQuickButton ||
				len(opened.AllowedOrigins) != 0 {
				w.Errorf("opened %+v", opened)
			}
		}
		if demo, err := w.Organizations.Demo(w.Context()); err != nil || !demo {
			w.Errorf("demo: %t, %v", demo, err)
		}
	})
}

// A page that is open while the demo restarts keeps its token, and with it its customer.
func TestSeedDemo_keepsItsEmbedTokenUntilItIsRevoked(t *testing.T) {
	vacant(t, func(w *world) {
		seed := func() services.Seeded {
			seeded, err := w.Organizations.SeedDemo(w.Context())
			w.ok(err)
			w.open(services.WidgetRequest{EmbedToken: seeded.EmbedToken, ExternalID: "jo"})
			return seeded
		}
		first, again := seed(), seed()
		if first != again || w.count(&models.EmbedToken{}, "1 = 1") != 1 {
			w.Errorf("first %+v, then %+v", first, again)
		}
		w.ok(w.db.Write.Model(&models.EmbedToken{}).Where("organization_id = ?", first.OrganizationID).
			Update("revoked_at", w.clock.Now()).Error)
		if seed().EmbedToken == first.EmbedToken {
			w.Error("a revoked token is used again")
		}
	})
}

func TestSeed_derivesPasswordsFromTheSecret(t *testing.T) {
	vacant(t, func(w *world) {
		here, err := w.Organizations.Seed(w.Context(), false)
		w.ok(err)
		there, err := services.NewOrganizations(services.Dependencies{
			DB:        w.db,
			Clock:     w.clock.Now,
			SecretKey: []byte("another secret"),
		}, w.Passwords, w.Audit).Seed(w.Context(), false)
		w.ok(err)
		if here.Admin.Password == there.Admin.Password || here.Admin.Password == here.Agent.Password {
			w.Errorf("%+v and %+v", here, there)
		}
		if _, err := w.WebSessions.LogIn(w.Context(), there.Admin.Email, there.Admin.Password, browser); err != nil {
			w.Errorf("after another seed the printed password is refused: %v", err)
		}
		_, err = w.WebSessions.LogIn(w.Context(), here.Admin.Email, here.Admin.Password, browser)
		w.refused(services.Unauthorized, err)
	})
}

func TestSeed_resetsWhatWasChanged(t *testing.T) {
	vacant(t, func(w *world) {
		first, err := w.Organizations.Seed(w.Context(), true)
		w.ok(err)
		var agent models.User
		w.ok(w.db.Read.Where("email = ?", first.Agent.Email).Take(&agent).Error)
		w.ok(w.Passwords.Reset(w.Context(), agent.Email, "something else here", false))
		w.ok(w.db.Write.Model(&models.User{}).Where("id = ?", agent.ID).
			Updates(map[string]any{"disabled_at": w.clock.Now(), "totp_enabled_at": w.clock.Now()}).Error)
		_, err = w.Organizations.Seed(w.Context(), false)
		w.ok(err)
		login, err := w.WebSessions.LogIn(w.Context(), first.Agent.Email, first.Agent.Password, browser)
		w.ok(err)
		if login.AwaitsSecondFactor {
			w.Error("the second factor is still on")
		}
	})
}

func TestSeed_botAnswersAnyTextUnlessSilent(t *testing.T) {
	vacant(t, func(w *world) {
		for _, silent := range []bool{false, true, false} {
			w.clock.advance(1000)
			seeded, err := w.Organizations.Seed(w.Context(), silent)
			w.ok(err)
			var bot models.Bot
			w.ok(w.db.Read.Where("id = ?", seeded.BotID).Take(&bot).Error)
			answers := services.ReadBotAnswers(bot)
			if greets := answers.Greeting.ContentType != ""; greets == silent {
				w.Errorf("silent %t, and greets %t", silent, greets)
			}
			for _, text := range []string{"anything at all", "prices", "x", "?"} {
				if _, answers := answers.Answer(services.Body{
					ContentType: models.TypeText,
					Content:     text,
				}); answers == silent {
					w.Errorf("silent %t, and answers %q %t", silent, text, answers)
				}
			}
		}
	})
}

// Every button of the demo leads somewhere.
func TestSeed_botAnswersItsOwnChoices(t *testing.T) {
	vacant(t, func(w *world) {
		seeded, err := w.Organizations.Seed(w.Context(), false)
		w.ok(err)
		var bot models.Bot
		w.ok(w.db.Read.Where("id = ?", seeded.BotID).Take(&bot).Error)
		answers := services.ReadBotAnswers(bot)
		said := map[string]bool{}
		for _, choice := range []string{"Prices", "Opening hours", "Talk to a person"} {
			reply, _ := answers.Answer(services.Body{
				ContentType: models.TypeText,
				Content:     choice,
			})
			said[reply.Content] = true
		}
		for _, value := range []string{"apac", "eu", "us", "buy_starter", "buy_team"} {
			body := services.Body{ContentType: models.TypeText, Content: "-"}
			body.Media.Selected = &models.Selected{Value: value}
			reply, _ := answers.Answer(body)
			said[reply.Content] = true
		}
		if len(said) != 8 {
			w.Errorf("eight choices, %d answers: %v", len(said), said)
		}
	})
}

func TestSeed_botHasARuleThatItsFormCanEdit(t *testing.T) {
	vacant(t, func(w *world) {
		seeded, err := w.Organizations.Seed(w.Context(), false)
		w.ok(err)
		var admin models.User
		w.ok(w.db.Read.Where("email = ?", seeded.Admin.Email).Take(&admin).Error)
		bot, err := w.Bots.Get(w.Context(), admin, seeded.BotID)
		w.ok(err)
		if !slices.ContainsFunc(bot.Form.Rules, func(rule services.PlainRule) bool { return rule.Keep == 0 }) {
			w.Errorf("no rule can be edited: %+v", bot.Form.Rules)
		}
	})
}

func TestSeed_leavesOtherOrganizationsAlone(t *testing.T) {
	each(t, func(w *world) {
		w.setBot(models.Bot{Rules: "[]", Fallback: `{"content":"mine"}`})
		seeded, err := w.Organizations.Seed(w.Context(), true)
		w.ok(err)
		var bot models.Bot
		w.ok(w.db.Read.Where("id = ?", w.bot.ID).Take(&bot).Error)
		if seeded.OrganizationID == w.organization.ID || bot.Fallback != `{"content":"mine"}` ||
			w.count(&models.User{}, "organization_id = ?", w.organization.ID) != 3 {
			w.Errorf("the other organization's bot is %+v", bot)
		}
	})
}

func TestNames_areOfTheOrganizationOnly(t *testing.T) {
	each(t, func(w *world) {
		stranger := w.newTenant("Globex", silent)
		names, err := w.Organizations.UserNames(w.Context(), w.organization.ID)
		w.ok(err)
		if len(names) != 3 || names[w.ann.ID] != "Ann" || names[stranger.ann.ID] != "" {
			w.Errorf("names %v", names)
		}
		types, err := w.Organizations.ChannelTypes(w.Context(), w.organization.ID)
		w.ok(err)
		if len(types) != 2 || types[w.webchat.ID] != models.ChannelWebchat ||
			types[w.mobile.ID] != models.ChannelMobileSDK {
			w.Errorf("types %v", types)
		}
		if _, err := w.Organizations.Get(w.Context(), models.NewID()); err == nil {
			w.Error("an organization there never was is found")
		}
	})
}
