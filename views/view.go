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

// isModule reports whether a script is an ES module: ours are, the vendored ones are not.
func isModule(name string) bool { return !strings.HasPrefix(name, "vendor/") }

// link allows http, https and paths of this server. Anything else becomes empty.
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

// humanSize returns a number of bytes in human units: "200 kB".
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

// machineTime is the form of a datetime attribute. time.js shows it in the reader's time zone.
func machineTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

type zoneKey struct{}

// InZone sets the time zone, by its IANA name, of the pages that are rendered with the context. Without it, or with an
// unknown name, times are in UTC.
func InZone(ctx context.Context, name string) context.Context {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return ctx
	}
	return context.WithValue(ctx, zoneKey{}, zone)
}

// zonedTime is the text that is shown until a script has run, or without JavaScript.
func zonedTime(ctx context.Context, t time.Time) string {
	zone, ok := ctx.Value(zoneKey{}).(*time.Location)
	if !ok {
		zone = time.UTC
	}
	return t.In(zone).Format("Jan 2, 3:04 PM MST")
}

// count shows numbers up to 99, and nothing for zero.
func count(n int) string {
	if n > 99 {
		return "99+"
	}
	return fmt.Sprint(n)
}

// initial is the letter on an avatar. It skips marks that only change the direction of writing.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			return strings.ToUpper(string(r))
		}
	}
	return "?"
}

// codesFile is a text file of recovery codes as a data: URL, so that a link can save it without JavaScript.
func codesFile(codes []string) templ.SafeURL {
	text := "Parley recovery codes. Each one logs you in once.\n\n" + strings.Join(codes, "\n") + "\n"
	return templ.SafeURL("data:text/plain;charset=utf-8," + url.PathEscape(text))
}
