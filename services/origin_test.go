package services_test

import (
	"fmt"
	"strings"
	"testing"

	"parley/services"
)

func TestParseOrigins_returnsTheFormOfBrowsers(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://shop.example":           "https://shop.example",
		"  https://shop.example/ \r":     "https://shop.example",
		"HTTPS://Shop.EXAMPLE":           "https://shop.example",
		"https://shop.example:443":       "https://shop.example",
		"http://shop.example:80":         "http://shop.example",
		"http://shop.example:443":        "http://shop.example:443",
		"http://localhost:3000":          "http://localhost:3000",
		"http://localhost:03000":         "http://localhost:3000",
		"https://shop.example:":          "https://shop.example",
		"https://münchen.example":        "https://xn--mnchen-3ya.example",
		"https://MÜNCHEN.example":        "https://xn--mnchen-3ya.example",
		"https://straße.example":         "https://xn--strae-oqa.example",
		"https://xn--mnchen-3ya.example": "https://xn--mnchen-3ya.example",
		"https://例え.テスト":                 "https://xn--r8jz45g.xn--zckzah",
		"https://127.0.0.1:8080":         "https://127.0.0.1:8080",
		"https://r3---sn.example":        "https://r3---sn.example",
	} {
		origins, wrong := services.ParseOrigins(given)
		if len(wrong) != 0 || len(origins) != 1 || origins[0] != want {
			t.Errorf("%q is read as %q, %+v", given, origins, wrong)
		} else if services.OriginOf(want) != want {
			t.Errorf("%q is not what a header is compared with: %q", want, services.OriginOf(want))
		}
	}
}

func TestParseOrigins_explainsWrongLines(t *testing.T) {
	t.Parallel()
	for given, reason := range map[string]string{
		"https://*.shop.example":        "Wildcards",
		"*":                             "Wildcards",
		"shop.example":                  "begins with",
		"//shop.example":                "begins with",
		"ftp://shop.example":            "begins with",
		"javascript:alert(1)":           "begins with",
		"null":                          "begins with",
		"https://shop.example/cart":     "no path",
		"https://shop.example//":        "no path",
		"https://shop.example?x=1":      "no path",
		"https://shop.example#top":      "no path",
		`https://shop.example\evil`:     "no path",
		"https://jo@shop.example":       "no user name",
		"https://jo:pw@shop.example":    "no user name",
		"https://":                      "not an origin",
		"https://:443":                  "not an origin",
		"https://shop.example:x":        "not an origin",
		"https://shop.example:0":        "The port",
		"https://shop.example:65536":    "The port",
		"https://shop.example:99999999": "The port",
		"https://[::1]:3000":            "IPv6",
		"https://shop_1.example":        "not a valid name",
		"https://shop.example.":         "not a valid name",
		"https://shop..example":         "not a valid name",
		"https://shop,example":          "not a valid name",
		"https://shop;script-src":       "not a valid name",
		"https://'self'":                "not a valid name",
		"https://a b.example":           "not ",
		"https://\x00.example":          "control characters",
		"https://\xff.example":          "control characters",
		"https://1.2.3":                 "not a valid address",
		"https://shop.0x1":              "not a valid address",
		"https://1.2.3.256":             "not a valid address",
		"https://" + strings.Repeat("a", 64) + ".example": "not a valid name",
		"https://" + strings.Repeat("abc.", 80) + "de":    "not a valid name",
	} {
		origins, wrong := services.ParseOrigins("\nhttps://shop.example\n" + given)
		if len(origins) != 1 || len(wrong) != 1 || wrong[0].Line != 3 || !strings.Contains(wrong[0].Reason, reason) {
			t.Errorf("%q is read as %q, %+v", given, origins, wrong)
		}
	}
}

func TestParseOrigins_dropsBlankLinesAndRepeats(t *testing.T) {
	t.Parallel()
	origins, wrong := services.ParseOrigins("\n https://a.example \r\n\r\nhttps://A.example:443/\nhttps://b.example\n\n")
	if len(wrong) != 0 {
		t.Error(wrong)
	}
	equal(t, origins, "https://a.example", "https://b.example")
	for _, blank := range []string{"", " \n\t\r\n"} {
		if origins, wrong := services.ParseOrigins(blank); origins == nil || len(origins) != 0 || len(wrong) != 0 {
			t.Errorf("%q is read as %v, %v", blank, origins, wrong)
		}
	}
}

func TestParseOrigins_takesAtMostFifty(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	for i := range 50 {
		fmt.Fprintf(&lines, "https://%d.example\n", i)
	}
	if origins, wrong := services.ParseOrigins(lines.String() + "https://7.example"); len(origins) != 50 ||
		len(wrong) != 0 {
		t.Errorf("%d, %v", len(origins), wrong)
	}
	if origins, wrong := services.ParseOrigins(lines.String() + "https://50.example"); len(origins) != 50 ||
		len(wrong) != 1 || wrong[0].Line != 51 {
		t.Errorf("%d, %v", len(origins), wrong)
	}
	if _, wrong := services.ParseOrigins(strings.Repeat(strings.Repeat("x", 1000)+"\n", 5000)); len(wrong) != 50 ||
		len(wrong[0].Text) != 100 {
		t.Errorf("%d lines are listed", len(wrong))
	}
}

// What is read must stand in a Content-Security-Policy: nothing may end its source list.
func FuzzParseOrigins(f *testing.F) {
	for _, seed := range []string{"https://shop.example", "https://münchen.example:8443", "http://127.0.0.1",
		"https://a;b", "https://[::1]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		origins, _ := services.ParseOrigins(text)
		for _, origin := range origins {
			if strings.ContainsAny(origin, " ;,'\"*\r\n\t@?#%") || services.OriginOf(origin) != origin {
				t.Errorf("%q is read as %q, and that as %q", text, origin, services.OriginOf(origin))
			}
			if again, wrong := services.ParseOrigins(origin); len(wrong) != 0 || len(again) != 1 || again[0] != origin {
				t.Errorf("%q is read again as %q, %v", origin, again, wrong)
			}
		}
	})
}
