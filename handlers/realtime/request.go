package realtime

import "strings"

// Request is what a socket keeps of its handshake's HTTP request.
type Request struct {
	WebSessionToken string // the cookie; empty unless the request came from our own origin
	UserAgent       string
	Address         string // of the client, as limits count it: see services.AddressKey
}

const (
	maxSessionToken = 128  // bytes; ours are shorter
	maxUserAgent    = 1000 // bytes; browsers send 200
)

// Bounded returns the request with headers of a bounded length: a stranger chooses them, and each of a thousand sockets
// keeps its own. A token that is longer than any of ours is none.
func (r Request) Bounded() Request {
	if len(r.WebSessionToken) > maxSessionToken {
		r.WebSessionToken = ""
	}
	if len(r.UserAgent) > maxUserAgent {
		// Cloned, or the rest would live on behind it.
		r.UserAgent = strings.Clone(strings.ToValidUTF8(r.UserAgent[:maxUserAgent], ""))
	}
	return r
}
