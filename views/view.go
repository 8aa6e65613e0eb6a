package views

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/a-h/templ"
)

// isModule tells our own scripts, which are ES modules, from the vendored ones, which are not.
func isModule(name string) bool { return !strings.HasPrefix(name, "vendor/") }

// link lets only http, https and the platform's own paths through; anything else is empty.
func link(raw string) templ.SafeURL {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	web := (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	own := u.Scheme == "" && u.Host == "" && strings.HasPrefix(raw, "/") && !strings.HasPrefix(raw, "//") &&
		!strings.Contains(raw, `\`)
	if !web && !own {
		return ""
	}
	return templ.SafeURL(raw)
}

// humanSize says a number of bytes the way people do: "200 kB".
func humanSize(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	value, unit := float64(bytes)/1000, 0
	units := []string{"kB", "MB", "GB", "TB"}
	for value >= 999.5 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %s", value, units[unit])
	}
	return fmt.Sprintf("%.0f %s", value, units[unit])
}

// machineTime is the datetime attribute's form. The script time.js shows it in the reader's own zone.
func machineTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type zoneKey struct{}

// InZone lets the pages rendered with the context write times in a zone by its IANA name. Without it, or where the name
// is unknown, they are in UTC.
func InZone(ctx context.Context, name string) context.Context {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return ctx
	}
	return context.WithValue(ctx, zoneKey{}, zone)
}

// zonedTime is what is read before a script ran, or without one.
func zonedTime(ctx context.Context, t time.Time) string {
	if zone, ok := ctx.Value(zoneKey{}).(*time.Location); ok {
		return t.In(zone).Format("2 Jan 15:04 MST")
	}
	return t.UTC().Format("2 Jan 15:04 MST")
}

// count leaves out the zero and stops at 99.
func count(n int) string {
	if n > 99 {
		return "99+"
	}
	return fmt.Sprint(n)
}

// initial is the letter on an avatar: no mark that only turns the direction of writing.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			return strings.ToUpper(string(r))
		}
	}
	return "?"
}

// codesFile is a text file of recovery codes as a URL: a link can save it without a script.
func codesFile(codes []string) templ.SafeURL {
	text := "Parley recovery codes. Each one logs you in once.\n\n" + strings.Join(codes, "\n") + "\n"
	return templ.SafeURL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}
