package action

import "time"

func init() {
	define(Definition{
		Name:  "dhcprenew",
		Title: "Renew the DHCP lease",
		Since: V3,
		Rules: map[Version]Rule{V2: agents(persistent...), V3: agents(persistent...)},
		Agent: true,
		Lives: lives(time.Hour, 5*time.Minute),
	})
}
