package services

import "testing"

func TestAddressKey_isTheAddressOrTheNetworkOfIPv6(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7":           "203.0.113.7",
		"::ffff:203.0.113.7":    "203.0.113.7",
		"2001:db8:1:2::3":       "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::":   "2001:db8:1:2::/64",
		"2001:DB8:1:2:0:0:0:9":  "2001:db8:1:2::/64",
		"2001:db8:1:3::3":       "2001:db8:1:3::/64",
		"fe80::1%eth0":          "fe80::/64",
		"::1":                   "::/64",
		"local":                 "local",
		"":                      "",
		"203.0.113.7:80":        "203.0.113.7:80",
		"::ffff:0:203.0.113.7":  "::/64",
		"64:ff9b::203.0.113.7":  "64:ff9b::/64",
		"2001:db8:1:2::3%zone0": "2001:db8:1:2::/64",
	} {
		if got := AddressKey(address); got != want {
			t.Errorf("the key of %q is %q, want %q", address, got, want)
		}
	}
}

func TestAddressOf_isWhatWithAddressPutThere(t *testing.T) {
	t.Parallel()
	if got := AddressOf(t.Context()); got != "" {
		t.Errorf("a context without an address has %q", got)
	}
	if got := AddressOf(WithAddress(t.Context(), "203.0.113.7")); got != "203.0.113.7" {
		t.Errorf("the address is %q", got)
	}
}
