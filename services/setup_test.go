package services_test

import (
	"fmt"
	"testing"

	"parley/models"
	"parley/services"
)

func TestSetup_namesEveryWrongFieldAtOnce(t *testing.T) {
	vacant(t, func(w *world) {
		wrong := services.NewOrganization{
			Name:       " ",
			AdminEmail: "olga",
			AdminName:  "",
			Password:   "short",
		}
		for token, fields := range map[string]int{w.Setup.Token(): 4, "": 5, "x": 5, w.Setup.Token() + "x": 5} {
			_, err := w.Setup.SetUp(w.Context(), token, wrong)
			found := services.FieldErrors(err)
			for _, field := range []string{"organization_name", "email", "name", "password"} {
				if found[field] == "" {
					w.Errorf("nothing is wrong with %s", field)
				}
			}
			if len(found) != fields || (found["setup_token"] != "") != (fields == 5) {
				w.Errorf("with the token %q wrong is %v", token, found)
			}
		}
		_, err := w.Setup.SetUp(w.Context(), "x", acme())
		w.refused(services.Forbidden, err)
		if len(services.FieldErrors(err)) != 1 || !w.Setup.Needed(w.Context()) {
			w.Errorf("wrong is %v", err)
		}
		_, err = w.Setup.SetUp(w.Context(), " "+w.Setup.Token()+" ", acme())
		w.ok(err)
		if w.Setup.Needed(w.Context()) {
			w.Error("needed when done")
		}
		_, err = w.Setup.SetUp(w.Context(), w.Setup.Token(), acme())
		w.refused(services.Conflict, err)
	})
}

func TestSetup_limitsWrongTokensAndLocksNobodyOut(t *testing.T) {
	vacant(t, func(w *world) {
		try := func(n int) error {
			_, err := w.Setup.SetUp(w.at(n), fmt.Sprint("guess ", n), acme())
			return err
		}
		for range services.PairRate.Count {
			w.refused(services.Forbidden, try(1))
		}
		w.limited(try(1), services.PairRate.Window)
		tried := services.PairRate.Count
		for i := range 100 {
			if services.KindOf(try(2+i)) == services.Forbidden {
				tried++
			}
		}
		if tried != services.AccountRate.Count+1 {
			w.Errorf("%d tokens were tried from many addresses", tried)
		}
		_, err := w.Setup.SetUp(w.at(1), w.Setup.Token(), acme())
		w.ok(err)
	})
}

func TestInvitation_limitsWrongLinksAndLocksNobodyOut(t *testing.T) {
	each(t, func(w *world) {
		_, secret, err := w.Users.Invite(w.Context(), w.owner, "new@acme.example", models.RoleAgent)
		w.ok(err)
		open := func(n int) error {
			_, err := w.Users.Invitation(w.at(n), fmt.Sprint("inv_guess", n))
			return err
		}
		accept := func(n int) error {
			_, err := w.Users.Accept(w.at(n), fmt.Sprint("inv_guess", n), "Mallory", password)
			return err
		}
		for range services.PairRate.Count / 2 {
			w.refused(services.NotFound, open(1))
			w.refused(services.NotFound, accept(1))
		}
		w.limited(open(1), services.PairRate.Window)
		w.limited(accept(1), services.PairRate.Window)
		tried := services.PairRate.Count
		for i := range 100 {
			if services.KindOf(open(2+i)) == services.NotFound {
				tried++
			}
		}
		if tried != services.AccountRate.Count+1 {
			w.Errorf("%d links were tried from many addresses", tried)
		}
		_, err = w.Users.Invitation(w.at(1), secret)
		w.ok(err)
		_, err = w.Users.Accept(w.at(1), secret, "Nina", password)
		w.ok(err)
	})
}
