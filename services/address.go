package services

import (
	"context"
	"net/netip"
)

// AddressKey returns what limits count an address by: an IPv4 address itself, and the /64 of an IPv6 address, because
// one customer gets a whole /64 and could use another address of it for every attempt.
func AddressKey(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

type addressContext struct{}

// WithAddress returns a context that carries the client's address, which the audit log notes.
func WithAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressContext{}, address)
}

// AddressOf returns the address that WithAddress put into a context, or "" outside a client's request.
func AddressOf(ctx context.Context) string {
	address, _ := ctx.Value(addressContext{}).(string)
	return address
}
