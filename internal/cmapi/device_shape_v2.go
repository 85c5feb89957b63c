package cmapi

import (
	"cmp"

	"reeve"
)

// deviceV2 is a device in the v2 answers. Its objects and lists are always
// there: programs of that time reach into them without asking.
type deviceV2 struct {
	HWID            string      `json:"hwid"`
	AgentType       string      `json:"agent_type,omitempty"`
	RemediationLink string      `json:"remediation_link,omitempty"`
	Status          int         `json:"status"`
	Exempt          *int        `json:"exempt,omitempty"`
	Hostname        string      `json:"hostname"`
	Nickname        string      `json:"nickname"`
	MachineType     string      `json:"machine_type,omitempty"`
	AgentVersion    string      `json:"agent_version"`
	Active          int         `json:"active"`
	LastSeen        string      `json:"last_seen,omitempty"`
	UserInfo        userInfo    `json:"user_info"`
	OSInfo          osInfo      `json:"os_info"`
	NetworkInfo     []networkV2 `json:"network_info"`
}

type networkV2 struct {
	MAC  string `json:"mac_addr"`
	IPv4 string `json:"ipv4_addr"`
	IPv6 string `json:"ipv6_addr"`
}

// dropV2 empties the members of deviceV2 that some versions lack.
var dropV2 = map[string]func(*deviceV2){
	"agent_type": func(d *deviceV2) { d.AgentType = "" },
	"exempt":     func(d *deviceV2) { d.Exempt = nil },
}

// agentTypesV2 are the words of v2 for agents.
var agentTypesV2 = map[reeve.AgentKind]string{
	reeve.Persistent: "managed", reeve.OnDemand: "guest", reeve.Mobile: "managed", reeve.DomainController: "managed",
}

// familiesV2 are the words of v2 for systems.
var familiesV2 = map[reeve.System]string{
	reeve.Windows: "Windows", reeve.MacOS: "Mac", reeve.Linux: "Linux", reeve.IOS: "iOS", reeve.Android: "Android",
}

// exemptV2 are the numbers of v2 for an exemption in force; 0 is none.
var exemptV2 = map[reeve.Exemption]int{reeve.ExemptAll: 1, reeve.ExemptCritical: 2}

// showV2 shapes a device for a version of v2.
func (l lens) showV2(d reeve.Device, without lacks) deviceV2 {
	var exempt int
	if d.IsExempt(l.now) {
		exempt = exemptV2[d.Exempt]
	}
	out := deviceV2{
		HWID: d.ID, AgentType: agentTypesV2[d.Class.Kind], RemediationLink: l.remediation(d),
		Status: numbersV2[l.posture(d)], Exempt: &exempt, Hostname: d.Hostname, Nickname: d.Nickname,
		MachineType: typeOf(d), AgentVersion: d.Class.Version.String(), Active: flag(d.Online), LastSeen: timestamp(d.LastSeen),
		UserInfo:    userInfo{cmp.Or(d.Facts.User, d.LinkedUser)},
		OSInfo:      osInfo{familiesV2[d.Class.System], d.Facts.OSName, d.Facts.OSVersion, d.Facts.Architecture},
		NetworkInfo: networksV2(d),
	}
	for _, name := range without {
		if drop := dropV2[name]; drop != nil { // what Reeve never knows is not there to drop
			drop(&out)
		}
	}
	return out
}

func (l lens) listV2(devices []reeve.Device, without lacks) []deviceV2 {
	out := make([]deviceV2, len(devices))
	for i, d := range devices {
		out[i] = l.showV2(d, without)
	}
	return out
}

// networksV2 has a row for each pair of addresses of an interface.
func networksV2(d reeve.Device) []networkV2 {
	out := []networkV2{}
	for _, n := range networksV3(d) {
		for i := range max(len(n.IPv4), len(n.IPv6), 1) {
			out = append(out, networkV2{n.MAC, nth(n.IPv4, i), nth(n.IPv6, i)})
		}
	}
	return out
}

// nth returns an element, or "" behind the end.
func nth(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// flag is a claim as the v2 answers write it.
func flag(holds bool) int {
	if holds {
		return 1
	}
	return 0
}
