package services_test

import (
	"bytes"
	"strings"
	"testing"

	"parley/services"
)

func sealKey(letter string) []byte { return bytes.Repeat([]byte(letter), 32) }

var place = []string{"push_credentials", "row", "org", "secret"}

func TestSecretBox_decryptsWhatItEncrypted(t *testing.T) {
	t.Parallel()
	box := services.NewSecretBox(sealKey("a"))
	for _, plain := range []string{"", "s3cret", "\x00\xff", strings.Repeat("x", 100_000)} {
		sealed := box.Seal([]byte(plain), place...)
		opened, err := box.Open(sealed, place...)
		if err != nil || string(opened) != plain {
			t.Errorf("%.10q opens as %.10q, %v", plain, opened, err)
		}
		if parts := strings.Split(sealed, "."); len(parts) != 3 || parts[0] != "v1" || len(parts[1]) != 8 {
			t.Errorf("sealed as %.40s", sealed)
		}
		if plain != "" && strings.Contains(sealed, plain) {
			t.Error("can be read without a key")
		}
	}
	if first, again := box.Seal([]byte("x"), place...), box.Seal([]byte("x"), place...); first == again {
		t.Error("equal secrets have equal encrypted texts")
	}
}

func TestSecretBox_isBoundToItsRow(t *testing.T) {
	t.Parallel()
	box := services.NewSecretBox(sealKey("a"))
	sealed := box.Seal([]byte("s3cret"), place...)
	for _, row := range [][]string{
		nil, {"push_credentials", "row", "org"}, {"users", "row", "org", "secret"},
		{"push_credentials", "row2", "org", "secret"},
		{"push_credentials", "row", "org2", "secret"}, {"push_credentials", "row", "org", "other"},
		{"push_credentials", "roworg", "", "secret"},
		{"push_credentialsrow", "", "org", "secret"}, {"push_credentials", "row", "org", "secret", ""},
	} {
		if plain, err := box.Open(sealed, row...); err == nil {
			t.Errorf("opens for %q: %s", row, plain)
		}
	}
}

func TestSecretBox_refusesAChangedText(t *testing.T) {
	t.Parallel()
	box := services.NewSecretBox(sealKey("a"))
	sealed := box.Seal([]byte("s3cret"), place...)
	for i := range sealed {
		for _, letter := range []string{"A", ".", "\x00"} {
			changed := sealed[:i] + letter + sealed[i+1:]
			// of the last letter some bits carry nothing
			if _, err := box.Open(changed, place...); err == nil && changed != sealed && i < len(sealed)-1 {
				t.Errorf("opens with letter %d changed", i)
			}
		}
		if _, err := box.Open(sealed[:i], place...); err == nil {
			t.Errorf("opens when cut to %d", i)
		}
	}
}

func TestSecretBox_rotatesItsKey(t *testing.T) {
	t.Parallel()
	before := services.NewSecretBox(sealKey("a"))
	after := services.NewSecretBox(sealKey("b"), sealKey("a"), sealKey("c"))
	done := services.NewSecretBox(sealKey("b"))
	sealed := before.Seal([]byte("s3cret"), place...)
	if plain, err := after.Open(sealed, place...); err != nil || string(plain) != "s3cret" {
		t.Errorf("an old key opens %q, %v", plain, err)
	}
	if _, err := done.Open(sealed, place...); err == nil || !strings.Contains(err.Error(), "SECRET_KEY_OLD") {
		t.Errorf("without the old key: %v", err)
	}
	again := after.Seal([]byte("s3cret"), place...)
	if plain, err := done.Open(again, place...); err != nil || string(plain) != "s3cret" {
		t.Errorf("the first key did not seal: %q, %v", plain, err)
	}
	if _, err := before.Open(again, place...); err == nil {
		t.Error("an old key sealed")
	}
}
