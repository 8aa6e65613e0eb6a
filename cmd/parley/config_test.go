package main

import (
	"fmt"
	"testing"
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
