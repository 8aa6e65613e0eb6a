package views

import (
	"strings"
	"testing"
	"time"
)

func TestZonedTime_isWrittenAsTimeJSWritesIt(t *testing.T) {
	t.Parallel()
	at := time.Date(2025, 11, 30, 19, 31, 0, 0, time.UTC)
	for zone, want := range map[string]string{
		"":              "Nov 30, 7:31 PM UTC",
		"Europe/Berlin": "Nov 30, 8:31 PM CET",
	} {
		if got := zonedTime(InZone(t.Context(), zone), at); got != want {
			t.Errorf("in %q it is %s, not %s", zone, got, want)
		}
	}
}

func TestPieces_linkWhatIsSafeAndNothingElse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"no address":                           "no address",
		"see https://a.example/x, or":          "see [https://a.example/x], or",
		"(https://a.example/b_(c)).":           "([https://a.example/b_(c)]).",
		"HTTP://A.EXAMPLE?":                    "[HTTP://A.EXAMPLE]?",
		"mailto:ann@a.example!":                "[mailto:ann@a.example]!",
		"mailto:nobody":                        "mailto:nobody",
		"javascript:alert(1)":                  "javascript:alert(1)",
		"data:text/html,x":                     "data:text/html,x",
		"https://bank.example@evil.example":    "https://bank.example@evil.example",
		"https://":                             "https://",
		"https://a.example/\u202egpj.exe":      "[https://a.example/]\u202egpj.exe",
		`"https://a.example/x">`:               `"[https://a.example/x]">`,
		"https://a.example https://b.example":  "[https://a.example] [https://b.example]",
		"xhttps://a.example":                   "xhttps://a.example",
		"https://a.example\nhttps://b.example": "[https://a.example]\n[https://b.example]",
	} {
		var got strings.Builder
		for _, p := range pieces(text) {
			if p.Href == "" {
				got.WriteString(p.Text)
			} else if got.WriteString("[" + p.Text + "]"); string(p.Href) != p.Text {
				t.Errorf("%q leads to %q", p.Text, p.Href)
			}
		}
		if got.String() != want {
			t.Errorf("%q is cut into %q", text, got.String())
		}
	}
}

func TestEmojiOnly_isAFewEmoji(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"🎉": true, "🎉 🙏": true, "👍🏽": true, "👩‍👩‍👧‍👦": true, "❤️": true, "": false, " ": false, "🎉!": false, "3": false,
		"ok 🎉": false, "🎉🎉🎉🎉🎉🎉🎉": false,
	} {
		if emojiOnly(text) != want {
			t.Errorf("emojiOnly(%q) is not %t", text, want)
		}
	}
}

func TestOneLine_isShortAndWithoutBreaks(t *testing.T) {
	t.Parallel()
	if got := oneLine("a\nb\tc"); got != "a b c" {
		t.Errorf("%q", got)
	}
	if got := oneLine(strings.Repeat("é", 10_000)); len([]rune(got)) != previewLength+1 ||
		!strings.HasSuffix(got, "…") {
		t.Errorf("%d characters", len([]rune(got)))
	}
}

func TestBrowserName_saysBrowserAndSystem(t *testing.T) {
	t.Parallel()
	for userAgent, want := range map[string]string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36":                            "Chrome 141 on Windows",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.1":                "Edge 141 on Windows",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15":                      "Safari 18 on macOS",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1":    "Safari 18 on iOS",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                     "Firefox 128 on Linux",
		"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36": "Samsung Internet 26 on Android",
		"okhttp/4.12.0": "", "": "", "EdgA/120.1 (Linux; Android 14)": "Edge 120 on Android",
		"App (Android 14)": "Android",
	} {
		if got := browserName(userAgent); got != want {
			t.Errorf("%q is %q, not %q", userAgent, got, want)
		}
	}
}
