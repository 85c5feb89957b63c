package action

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// maxInterface is the longest name of an interface in bytes: Windows lets
// people name theirs.
const maxInterface = 256

var (
	renewInterface = Param{
		Name: "interface", Rule: fmt.Sprintf("interface must be the name of one interface, of at most %d bytes; leave it out for all", maxInterface),
		Ask: Ask{Kind: Text, Most: maxInterface},
	}
	renewRelease = Param{
		Name: "release", Rule: "release must be true or false: whether a lease that does not renew may be given back for another",
		Ask: Ask{Kind: Flag},
	}
)

type renewParams struct {
	Interface string `json:"interface,omitempty"`
	Release   bool   `json:"release,omitempty"`
}

func init() {
	define(Definition{
		Name:      "dhcprenew",
		Title:     "Renew the DHCP lease",
		Since:     V3,
		Rules:     map[Version]Rule{V2: agents(persistent...), V3: agents(persistent...)},
		Agent:     true,
		Lives:     lives(time.Hour, 5*time.Minute),
		OwnParams: true,
		Params:    []Param{renewInterface, renewRelease},
		Example:   `{"interface":"eth0","release":true}`,
		Parse:     parseRenew,
	})
}

func parseRenew(params json.RawMessage) (json.RawMessage, error) {
	var p renewParams
	if err := renewInterface.read(params, &p.Interface); err != nil {
		return nil, err
	}
	if len(p.Interface) > maxInterface || strings.ContainsFunc(p.Interface, unicode.IsControl) {
		return nil, renewInterface.refuse()
	}
	if err := renewRelease.read(params, &p.Release); err != nil {
		return nil, err
	}
	return must(p), nil
}
