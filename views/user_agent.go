package views

import "strings"

// token is a part of a User-Agent and its meaning.
type token struct{ mark, name string }

// Browsers that imitate another one come before it.
var (
	browsers = []token{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"},
		{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
		{"CriOS/", "Chrome"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"}}
	systems = []token{{"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"}}
)

// browserName returns a User-Agent in plain words, like "Firefox 128 on Windows". It leaves out what it does not know.
func browserName(userAgent string) string {
	name := ""
	for _, b := range browsers {
		_, after, found := strings.Cut(userAgent, b.mark)
		if !found || b.name == "Safari" && !strings.Contains(userAgent, "Safari/") {
			continue
		}
		if _, version, cut := strings.Cut(b.mark+after, "/"); cut {
			major := strings.TrimLeft(version, "0123456789")
			name = strings.TrimSpace(b.name + " " + version[:len(version)-len(major)])
		}
		break
	}
	for _, s := range systems {
		switch {
		case !strings.Contains(userAgent, s.mark):
			continue
		case name == "":
			return s.name
		}
		return name + " on " + s.name
	}
	return name
}
