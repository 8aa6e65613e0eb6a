package main

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/alexedwards/argon2id"
	"golang.org/x/net/idna"

	"parley/services"
)

var (
	hostNames = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))
	hostName  = regexp.MustCompile(`^[a-z0-9._-]+$`)
)

// publicOrigin returns BASE_URL as browsers write an origin: a lower-case ASCII host, an IPv6 address in short form, no
// default port.
func publicOrigin(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return "", fmt.Errorf("must be a URL like https://chat.example.com")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("the scheme must be https or http")
	case u.User != nil:
		return "", fmt.Errorf("must not have a user name or password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", fmt.Errorf("must not have a path, query or fragment")
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || port == 0) ||
		strings.HasSuffix(u.Host, ":") {
		return "", fmt.Errorf("the port must be a number from 1 to 65535")
	}
	host := u.Hostname()
	if address, err := netip.ParseAddr(host); err == nil && address.Is6() && address.Zone() == "" {
		host = "[" + address.String() + "]"
	} else if host, err = hostNames.ToASCII(host); err != nil || !hostName.MatchString(host) {
		return "", fmt.Errorf("the host is not a valid name")
	}
	if u.Port() != "" {
		host += ":" + u.Port()
	}
	return services.OriginOf(u.Scheme + "://" + host), nil
}

// secretKey is SECRET_KEY: 32 bytes in base64.
type secretKey []byte

func (k *secretKey) UnmarshalText(text []byte) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return fmt.Errorf("must be 32 bytes in base64. Make one with: openssl rand -base64 32")
	}
	*k = key
	return nil
}

// secretKeys is SECRET_KEY_OLD: former keys, separated by commas.
type secretKeys [][]byte

func (k *secretKeys) UnmarshalText(text []byte) error {
	for part := range strings.SplitSeq(string(text), ",") {
		var key secretKey
		if err := key.UnmarshalText([]byte(part)); err != nil {
			return fmt.Errorf("must be keys of 32 bytes in base64, separated by commas")
		}
		*k = append(*k, key)
	}
	return nil
}

// rate is WIDGET_RATE_LIMIT.
type rate struct{ services.Rate }

func (r *rate) UnmarshalText(text []byte) (err error) {
	r.Rate, err = services.ParseRate(string(text))
	return err
}

// addressLimits is ADDRESS_LIMITS: key=value pairs separated by commas. A key that is left out keeps its default.
type addressLimits struct{ services.AddressLimits }

func (l *addressLimits) UnmarshalText(text []byte) (err error) {
	*l = addressLimits{services.DefaultAddressLimits}
	given := map[string]bool{}
	for pair := range strings.SplitSeq(string(text), ",") {
		key, value, found := strings.Cut(strings.TrimSpace(pair), "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		switch {
		case !found:
			return fmt.Errorf("must be pairs like pages=600/60s,conversations=120/60s,sockets=1000")
		case given[key]:
			return fmt.Errorf("%s is set twice", key)
		case key == "pages":
			l.Pages, err = services.ParseRate(value)
		case key == "conversations":
			l.Conversations, err = services.ParseRate(value)
		case key == "sockets":
			l.Sockets, err = parseCount(value)
		default:
			return fmt.Errorf("has an unknown key; use pages, conversations and sockets")
		}
		if err != nil {
			return fmt.Errorf("%s %w", key, err)
		}
		given[key] = true
	}
	return nil
}

// connectionCount is MAX_CONNECTIONS; 0 is the default, which depends on the system.
type connectionCount int

func (n *connectionCount) UnmarshalText(text []byte) error {
	count, err := strconv.Atoi(string(text))
	if err != nil || count < 1 || count > mostConnections {
		return fmt.Errorf("must be a number from 1 to %d", mostConnections)
	}
	*n = connectionCount(count)
	return nil
}

// queueBudget is SOCKET_QUEUE_BUDGET, in bytes. Less than one connection may need would close healthy ones.
type queueBudget int

const (
	leastQueueBudget = 1 << 20
	mostQueueBudget  = 1 << 34
)

func (b *queueBudget) UnmarshalText(text []byte) error {
	bytes, err := strconv.Atoi(string(text))
	if err != nil || bytes < leastQueueBudget || bytes > mostQueueBudget {
		return fmt.Errorf("must be a number of bytes from %d to %d", leastQueueBudget, mostQueueBudget)
	}
	*b = queueBudget(bytes)
	return nil
}

// parseCount reads a number, or "off", which is 0: no limit.
func parseCount(text string) (int, error) {
	if text == "off" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, fmt.Errorf("must be a number from 1 to 1000000, or off")
	}
	return n, nil
}

// prefixes is TRUSTED_PROXIES: CIDRs or addresses, separated by commas.
type prefixes []netip.Prefix

func (p *prefixes) UnmarshalText(text []byte) error {
	for part := range strings.SplitSeq(string(text), ",") {
		part = strings.TrimSpace(part)
		prefix, err := parsePrefix(part)
		if err != nil {
			return fmt.Errorf("must be addresses or CIDRs separated by commas, like 10.0.0.0/8")
		}
		*p = append(*p, prefix)
	}
	return nil
}

// parsePrefix reads a CIDR or an address. IPv4 in IPv6 form, like ::ffff:10.0.0.0/104, becomes IPv4: addresses are
// compared in that form.
func parsePrefix(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		address = address.Unmap().WithZone("")
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil || !prefix.Addr().Is4In6() {
		return prefix.Masked(), err
	}
	return prefix.Addr().Unmap().Prefix(prefix.Bits() - 96)
}

// logLevel is LOG_LEVEL.
type logLevel struct{ slog.Level }

func (l *logLevel) UnmarshalText(text []byte) error {
	if l.Level.UnmarshalText(text) != nil {
		return fmt.Errorf("must be debug, info, warn or error")
	}
	return nil
}

// passwordCost is PASSWORD_COST: the memory of one argon2id hash in KiB, and its iterations.
type passwordCost struct{ argon2id.Params }

func (c *passwordCost) UnmarshalText(text []byte) error {
	c.Params = argon2id.Params{Parallelism: 1, SaltLength: 16, KeyLength: 32}
	if _, err := fmt.Sscanf(string(text), "%d,%d", &c.Memory, &c.Iterations); err != nil || c.Memory < 8 ||
		c.Iterations < 1 {
		return fmt.Errorf("must be KiB of memory and iterations, like 19456,2")
	}
	return nil
}
