package cmapi

import "reeve"

// deviceV3 is a device in the v3 answers: every published member that Reeve
// knows. What it does not know is left out, as the pages do; so is what a
// version does not have, see lacks.
type deviceV3 struct {
	DeviceID        string            `json:"device_id"`
	Status          string            `json:"status"`
	DeviceName      string            `json:"device_name"`
	HostName        string            `json:"host_name,omitempty"`
	Nickname        string            `json:"nickname,omitempty"`  // so spelt in the cursor lists
	NickName        string            `json:"nick_name,omitempty"` // so spelt everywhere else
	GroupName       string            `json:"group_name,omitempty"`
	DeviceType      string            `json:"device_type,omitempty"`
	AgentType       string            `json:"agent_type,omitempty"`
	AgentVersion    string            `json:"agent_version,omitempty"`
	PublicIP        string            `json:"public_ip,omitempty"`
	EnrolledAt      string            `json:"enrolled_at,omitempty"`
	LastSeen        string            `json:"last_seen,omitempty"`
	LastReboot      string            `json:"last_reboot,omitempty"`
	RemediationLink string            `json:"remediation_link,omitempty"`
	LinkUser        *linkUser         `json:"link_user,omitempty"`
	UserIdentity    map[string]string `json:"user_identity,omitempty"`
	UserInfo        *userInfo         `json:"user_info,omitempty"`
	OSInfo          *osInfo           `json:"os_info,omitempty"`
	NetworkInfo     []networkInfo     `json:"network_info,omitempty"`
}

// linkUser has the members of Link User's body; the page of the answer is cut.
type linkUser struct {
	Username string `json:"username"`
	Group    string `json:"group,omitempty"`
}

type userInfo struct {
	Username string `json:"username"`
}

type osInfo struct {
	Family       string `json:"family,omitempty"`
	Name         string `json:"name,omitempty"`
	Version      string `json:"version,omitempty"`
	Architecture string `json:"architecture,omitempty"`
}

type networkInfo struct {
	Description string   `json:"description,omitempty"`
	MAC         string   `json:"mac"`
	IPv4        []string `json:"ipv4,omitempty"`
	IPv6        []string `json:"ipv6,omitempty"`
}

// lacks names members of a shape that a version does not have.
type lacks []string

// dropV3 empties the members of deviceV3 that some versions lack.
var dropV3 = map[string]func(*deviceV3){
	"host_name":     func(d *deviceV3) { d.HostName = "" },
	"nickname":      func(d *deviceV3) { d.Nickname = "" },
	"nick_name":     func(d *deviceV3) { d.NickName = "" },
	"public_ip":     func(d *deviceV3) { d.PublicIP = "" },
	"enrolled_at":   func(d *deviceV3) { d.EnrolledAt = "" },
	"last_reboot":   func(d *deviceV3) { d.LastReboot = "" },
	"user_identity": func(d *deviceV3) { d.UserIdentity = nil },
	"user_info":     func(d *deviceV3) { d.UserInfo = nil },
	"os_info":       func(d *deviceV3) { d.OSInfo = nil },
	"network_info":  func(d *deviceV3) { d.NetworkInfo = nil },
}

// systemInfo is what Device Details calls system_info.
var systemInfo = lacks{"user_info", "os_info", "network_info"}

// showV3 shapes a device for a version of v3.
func (l lens) showV3(d reeve.Device, without lacks) deviceV3 {
	out := deviceV3{
		DeviceID: d.ID, Status: wordsV3[l.posture(d)], DeviceName: d.Hostname, HostName: d.Hostname,
		Nickname: d.Nickname, NickName: d.Nickname, GroupName: d.GroupName, DeviceType: typeOf(d),
		AgentVersion: d.Class.Version.String(), PublicIP: d.PublicIP,
		EnrolledAt: timestamp(d.EnrolledAt), LastSeen: timestamp(d.LastSeen), LastReboot: timestamp(d.Facts.LastReboot),
		RemediationLink: l.remediation(d), UserIdentity: d.Identity, OSInfo: osInfoOf(d), NetworkInfo: networksV3(d),
	}
	if d.Class.Kind != reeve.NoAgent {
		out.AgentType = d.Class.Kind.String()
	}
	if d.LinkedUser != "" {
		out.LinkUser = &linkUser{d.LinkedUser, d.LinkedTeam}
	}
	if d.Facts.User != "" {
		out.UserInfo = &userInfo{d.Facts.User}
	}
	for _, name := range without {
		if drop := dropV3[name]; drop != nil { // what Reeve never knows is not there to drop
			drop(&out)
		}
	}
	return out
}

func (l lens) listV3(devices []reeve.Device, without lacks) []deviceV3 {
	out := make([]deviceV3, len(devices))
	for i, d := range devices {
		out[i] = l.showV3(d, without)
	}
	return out
}

func osInfoOf(d reeve.Device) *osInfo {
	os := osInfo{Name: d.Facts.OSName, Version: d.Facts.OSVersion, Architecture: d.Facts.Architecture}
	if d.Class.System != reeve.OtherSystem {
		os.Family = d.Class.System.String()
	}
	if os == (osInfo{}) {
		return nil
	}
	return &os
}

func networksV3(d reeve.Device) []networkInfo {
	var out []networkInfo
	for _, n := range d.Facts.Networks {
		out = append(out, networkInfo{n.Name, n.MAC, n.IPv4, n.IPv6})
	}
	if len(d.Facts.Networks) == 0 {
		for _, mac := range d.MACs {
			out = append(out, networkInfo{MAC: mac.String()})
		}
	}
	return out
}
