package serve

import (
	"fmt"
	"testing"
	"time"
)

func TestSettings(t *testing.T) {
	good := Config{RateLimit: "10/min", OwnRateLimit: "off", MaxEntries: 500, MaxBody: 1 << 20, TokenLife: time.Hour}
	rules, err := good.rules()
	if err != nil || rules.RequestsPerMinute != 10 || rules.OwnPerMinute != -1 || rules.MaxEntries != 500 || rules.TokenLife != time.Hour {
		t.Errorf("%+v, %v", rules, err)
	}
	if rules, err := (Config{RateLimit: "off"}).rules(); err != nil || rules.RequestsPerMinute != -1 || rules.OwnPerMinute != 600 {
		t.Errorf("%+v, %v", rules, err)
	}
	for what, change := range map[string]func(*Config){
		"a rate without its unit": func(c *Config) { c.RateLimit = "10" },
		"an own rate of nothing":  func(c *Config) { c.OwnRateLimit = "0/min" },
		"less than no entries":    func(c *Config) { c.MaxEntries = -1 },
		"too many entries":        func(c *Config) { c.MaxEntries = maxMaxEntries + 1 },
		"a body too small":        func(c *Config) { c.MaxBody = 1 },
		"a life too short":        func(c *Config) { c.TokenLife = time.Second },
	} {
		c := good
		change(&c)
		if _, err := c.rules(); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
	networks, err := Config{TrustedProxies: []string{"192.0.2.10", "2001:db8::5/64", "::ffff:192.0.2.11"}}.proxies()
	if got := fmt.Sprint(networks); err != nil || got != "[192.0.2.10/32 2001:db8::/64 192.0.2.11/32]" {
		t.Errorf("%s, %v", got, err)
	}
	for _, text := range []string{"proxy.example.org", "0.0.0.0/0", ""} {
		if _, err := (Config{TrustedProxies: []string{text}}).proxies(); err == nil {
			t.Errorf("%q was taken for a proxy", text)
		}
	}
}
