package handlers

import (
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"parley/services"
)

// localPeer is used as the address of a peer that has none: one on a Unix socket.
const localPeer = "local"

// clientAddress returns the address of the client: the peer's, or, behind trusted proxies, that of the nearest hop that
// is none of them. Anybody may have written what is left of that hop. Where a proxy names no address, the nearest hop
// that is known counts, and where two headers disagree the peer, so that a client never chooses its own address.
func (a *App) clientAddress(c *fiber.Ctx) string {
	address, _ := a.client(c)
	if !address.IsValid() {
		return localPeer
	}
	return address.String()
}

// AddressKey returns the client's address as limits count it: see services.AddressKey.
func (a *App) AddressKey(c *fiber.Ctx) string { return services.AddressKey(a.clientAddress(c)) }

// scheme returns the scheme of the URL that the client opened: the connection's, or what a trusted proxy says.
func (a *App) scheme(c *fiber.Ctx) string {
	_, scheme := a.client(c)
	return scheme
}

// client returns where a request comes from, and the scheme by which it reached the outermost trusted proxy.
func (a *App) client(c *fiber.Ctx) (address netip.Addr, scheme string) {
	peer := peerAddress(c)
	scheme = "http"
	if c.Context().IsTLS() {
		scheme = "https"
	}
	said := forwarded(&c.Request().Header)
	if len(said) == 0 || peer.IsValid() && !a.trusts(peer) { // only local processes can connect to a Unix socket
		return peer, scheme
	}
	address, trusted := a.nearestClient(peer, said[0].addresses)
	// Proxies replace the scheme or append to it, so the outermost one's is as far from the right, or the leftmost.
	schemes := said[0].schemes
	if i := max(0, len(schemes)-trusted); i < len(schemes) {
		switch written := strings.ToLower(schemes[i]); written {
		case "http", "https":
			scheme = written
		}
	}
	for _, other := range said[1:] {
		if second, _ := a.nearestClient(peer, other.addresses); second != address {
			return peer, scheme // one is the client's own, passed on by a proxy that writes the other
		}
	}
	return address, scheme
}

// nearestClient follows the hops of a request, the nearest last, as far as the first that is no trusted proxy. It also
// returns how many trusted proxies the request went through, the peer included.
func (a *App) nearestClient(peer netip.Addr, hops []string) (address netip.Addr, trusted int) {
	address, trusted = peer, 1
	for i := len(hops) - 1; i >= 0; i-- {
		hop := parseHop(hops[i])
		if !hop.IsValid() {
			break
		}
		if address = hop; !a.trusts(hop) {
			break
		}
		trusted++
	}
	return address, trusted
}

// peerAddress returns the address at the other end of the connection; it is not valid for a Unix socket.
func peerAddress(c *fiber.Ctx) netip.Addr {
	peer, ok := c.Context().RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	address, _ := netip.AddrFromSlice(peer.IP)
	return address.Unmap()
}

// warnOfProxy logs once that a proxy on this network passes requests on but is not trusted.
func (a *App) warnOfProxy(c *fiber.Ctx) {
	peer := peerAddress(c)
	if a.trusts(peer) || !peer.IsPrivate() && !peer.IsLoopback() || c.Get(fiber.HeaderXForwardedFor) == "" {
		return
	}
	a.proxyWarning.Do(func() {
		slog.Warn("this proxy is not in TRUSTED_PROXIES, so its clients share its address and limits", "proxy", peer)
	})
}

func (a *App) trusts(address netip.Addr) bool {
	for _, prefix := range a.TrustedProxies {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// hops are what proxies wrote about the hops of a request, the nearest last.
type hops struct{ addresses, schemes []string }

// forwarded returns the hops by X-Forwarded-For and -Proto, and those by Forwarded (RFC 7239), where there are any.
func forwarded(header *fasthttp.RequestHeader) (said []hops) {
	common := hops{headerList(header, fiber.HeaderXForwardedFor), headerList(header, fiber.HeaderXForwardedProto)}
	if common.addresses != nil || common.schemes != nil {
		said = append(said, common)
	}
	if elements := headerList(header, fiber.HeaderForwarded); elements != nil {
		var standard hops
		for _, element := range elements {
			standard.addresses = append(standard.addresses, forwardedParameter(element, "for"))
			standard.schemes = append(standard.schemes, forwardedParameter(element, "proto"))
		}
		said = append(said, standard)
	}
	return said
}

// headerList returns the elements of a header, all its lines in their order. It splits at every comma: no address or
// scheme has one, and a quote that a client leaves open must not hide what the proxies add.
func headerList(header *fasthttp.RequestHeader, name string) (elements []string) {
	for _, line := range header.PeekAll(name) {
		for element := range strings.SplitSeq(string(line), ",") {
			elements = append(elements, strings.TrimSpace(element))
		}
	}
	return elements
}

// forwardedParameter returns a parameter of an element of Forwarded, or "" if it is missing or given twice.
func forwardedParameter(element, name string) (value string) {
	found := false
	for pair := range strings.SplitSeq(element, ";") {
		key, given, _ := strings.Cut(pair, "=")
		if !strings.EqualFold(strings.TrimSpace(key), name) {
			continue
		}
		if found {
			return ""
		}
		value, found = unquote(strings.TrimSpace(given)), true
	}
	return value
}

func unquote(text string) string {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		return strings.TrimSpace(text[1 : len(text)-1])
	}
	return text
}

// hopPort is the port behind an address: a number, or what RFC 7239 calls an obfuscated port.
var hopPort = regexp.MustCompile(`^:([0-9]{1,5}|_[A-Za-z0-9._-]+)$`)

// parseHop reads an address as proxies write it: 203.0.113.7, 203.0.113.7:443, 2001:db8::1, [2001:db8::1],
// [2001:db8::1]:443, with or without quotes, also an IPv4 address in IPv6 form or with a zone. The result is not valid
// for anything else, like "unknown" or "_hidden".
func parseHop(text string) netip.Addr {
	text = unquote(text)
	host, port := text, ""
	if inside, found := strings.CutPrefix(text, "["); found {
		host, port, found = strings.Cut(inside, "]")
		if !found || !strings.Contains(host, ":") {
			return netip.Addr{}
		}
	} else if i := strings.IndexByte(text, ':'); i >= 0 && strings.Count(text, ":") == 1 {
		host, port = text[:i], text[i:]
	}
	if port != "" && !hopPort.MatchString(port) {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}
