package services

import (
	"context"
	"net/netip"
	"time"
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

// AddressLimits bound what one address may do, counted by AddressKey. A zero sets no limit.
type AddressLimits struct {
	Pages         Rate // openings of the widget
	Conversations Rate // new conversations
	Sockets       int  // open at the same time, on one node
}

// DefaultAddressLimits are far above what a household or an office needs, and low enough that one address alone cannot
// fill a server.
var DefaultAddressLimits = AddressLimits{
	Pages:         Rate{Count: 600, Window: time.Minute},
	Conversations: Rate{Count: 120, Window: time.Minute},
	Sockets:       1000,
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
