package main

import (
	"fmt"
	"testing"
	"time"

	"parley/services"
)

// load reads the settings from pairs of a variable and its value.
func load(pairs ...string) (Config, error) {
	environment := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		environment[pairs[i]] = pairs[i+1]
	}
	return LoadConfig(func(name string) string { return environment[name] })
}

func TestConfig_trustedProxiesMayBeWrittenInIPv6Form(t *testing.T) {
	t.Parallel()
	config, err := load("TRUSTED_PROXIES", "10.0.0.9/8, ::ffff:192.0.2.1, ::ffff:172.16.0.0/108 ,2001:DB8::/32,fe80::1%eth0")
	if err != nil {
		t.Fatal(err)
	}
	want := "[10.0.0.0/8 192.0.2.1/32 172.16.0.0/12 2001:db8::/32 fe80::1/128]"
	if got := fmt.Sprint(config.TrustedProxies); got != want {
		t.Errorf("the proxies are %s, want %s", got, want)
	}
}

func TestConfig_addressLimits(t *testing.T) {
	t.Parallel()
	usual := services.DefaultAddressLimits
	few := services.Rate{Count: 5, Window: time.Minute}
	limits := func(pages, conversations services.Rate, sockets int) services.AddressLimits {
		return services.AddressLimits{Pages: pages, Conversations: conversations, Sockets: sockets}
	}
	off := services.Rate{}
	for text, want := range map[string]services.AddressLimits{
		"":                             usual,
		"sockets=7":                    limits(usual.Pages, usual.Conversations, 7),
		"pages=5/60s":                  limits(few, usual.Conversations, usual.Sockets),
		"sockets = off":                limits(usual.Pages, usual.Conversations, 0),
		"pages=off, conversations=off": limits(off, off, usual.Sockets),
		"conversations=5/1m,pages=5/1m ,\nsockets=2\n": limits(few, few, 2),
	} {
		config, err := load("ADDRESS_LIMITS", text)
		if err != nil || config.AddressLimits.AddressLimits != want {
			t.Errorf("%q is %+v, %v", text, config.AddressLimits, err)
		}
	}
	config, err := load("WIDGET_RATE_LIMIT", "off", "ADDRESS_LIMITS", "sockets=7")
	if err != nil || config.AddressLimits.AddressLimits != (services.AddressLimits{}) {
		t.Errorf("with WIDGET_RATE_LIMIT=off the limits are %+v, %v", config.AddressLimits, err)
	}
}

func TestConfig_baseURLIsAnOriginAsBrowsersSendIt(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://chat.example.com":        "https://chat.example.com",
		"https://chat.example.com/":       "https://chat.example.com",
		"HTTPS://Chat.Example.COM:443":    "https://chat.example.com",
		"http://chat.example.com:80//":    "http://chat.example.com",
		"https://chat.example.com:8443":   "https://chat.example.com:8443",
		"http://localhost:8080":           "http://localhost:8080",
		"https://chät.example":            "https://xn--cht-rla.example",
		"http://[2001:DB8:0:0::1]:8080":   "http://[2001:db8::1]:8080",
		"http://[::1]":                    "http://[::1]",
		" https://chat.example.com \n":    "https://chat.example.com",
		"http://parley_server:8080":       "http://parley_server:8080",
		"https://chat.example.com.":       "https://chat.example.com.",
		"http://127.0.0.1:8080":           "http://127.0.0.1:8080",
		"https://xn--cht-rla.example:443": "https://xn--cht-rla.example",
	} {
		config, err := load("BASE_URL", text)
		if err != nil || config.BaseURL != want {
			t.Errorf("%q is %q, %v", text, config.BaseURL, err)
		}
	}
}
