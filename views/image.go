package views

import (
	"context"
	"net/url"
	"strings"
)

type siteKey struct{}

// OnSite returns a context for pages of the server at baseURL: they may load its images over http too, and know whether
// they were opened at its own address.
func OnSite(ctx context.Context, baseURL string) context.Context {
	return context.WithValue(ctx, siteKey{}, baseURL)
}

// site returns the base URL that OnSite was given.
func site(ctx context.Context) string {
	baseURL, _ := ctx.Value(siteKey{}).(string)
	return baseURL
}

// loads reports whether a page may load an image: over https, or from this server. An image over http would show
// everybody on the way who looks at it, and any of them could replace it; it becomes a link. The
// Content-Security-Policy of our pages refuses it too.
func loads(ctx context.Context, address string) bool {
	u, err := url.Parse(address)
	if err != nil || link(address) == "" {
		return false
	}
	return u.Scheme != "http" || strings.EqualFold(u.Scheme+"://"+u.Host, site(ctx))
}

// imageHost is the host of an image, for a link in its place.
func imageHost(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}
