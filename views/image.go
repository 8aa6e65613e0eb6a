package views

import (
	"context"
	"net/url"
	"strings"
)

type siteKey struct{}

// OnSite returns a context for pages of the server at baseURL, which may load its images over http too.
func OnSite(ctx context.Context, baseURL string) context.Context {
	return context.WithValue(ctx, siteKey{}, baseURL)
}

// loads reports whether a page may load an image: over https, or from this server. An image over http would show
// everybody on the way who looks at it, and any of them could replace it; it becomes a link. The
// Content-Security-Policy of our pages refuses it too.
func loads(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil || link(address) == "" {
		return false
	}
	site, _ := ctx.Value(siteKey{}).(string)
	return u.Scheme != "http" || site != "" && strings.EqualFold(u.Scheme+"://"+u.Host, site)
}

// imageHost is the host of an image, for a link in its place.
func imageHost(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
