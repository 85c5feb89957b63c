package cmapi

import (
	"context"
	"slices"
	"time"

	"reeve"
)

// deviceV3 is a device in the v3 answers: every published field that Reeve
// knows. What it does not know is left out, as the pages do.
type deviceV3 struct {
	DeviceID     string            `json:"device_id"`
	Status       string            `json:"status"`
	DeviceName   string            `json:"device_name,omitempty"`
	HostName     string            `json:"host_name,omitempty"`
	Nickname     string            `json:"nickname,omitempty"`  // so spelt in Get Devices
	NickName     string            `json:"nick_name,omitempty"` // so spelt in Device Details
	GroupName    string            `json:"group_name,omitempty"`
	DeviceType   string            `json:"device_type,omitempty"`
	AgentType    string            `json:"agent_type,omitempty"`
	AgentVersion string            `json:"agent_version,omitempty"`
	PublicIP     string            `json:"public_ip,omitempty"`
	EnrolledAt   string            `json:"enrolled_at,omitempty"`
	LastSeen     string            `json:"last_seen,omitempty"`
	LastReboot   string            `json:"last_reboot,omitempty"`
	UserIdentity map[string]string `json:"user_identity,omitempty"`
	UserInfo     *userInfo         `json:"user_info,omitempty"`
	OSInfo       *osInfo           `json:"os_info,omitempty"`
	NetworkInfo  []networkInfo     `json:"network_info,omitempty"`
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

// statusesV3 are the words of v3 for a standing. A managed device counts as
// installed until it was assessed, and as exempted while it is exempt.
var statusesV3 = map[reeve.Standing]string{
	reeve.Managed:      "installed",
	reeve.Unknown:      "unknown",
	reeve.Ignored:      "ignored",
	reeve.OutOfLicense: "out_of_license_usage",
}

// deviceTypes are the published values of device_type.
var deviceTypes = []string{"desktop", "laptop", "phone", "tablet", "server", "vm"}

// shapeV3 fills the members that all v3 answers share.
func shapeV3(d reeve.Device, now time.Time) deviceV3 {
	out := deviceV3{
		DeviceID: d.ID, Status: statusesV3[d.Class.Standing],
		DeviceName: d.Hostname, HostName: d.Hostname, GroupName: d.GroupName,
		AgentVersion: d.Class.Version.String(), PublicIP: d.PublicIP,
		EnrolledAt: timestamp(d.EnrolledAt), LastSeen: timestamp(d.LastSeen), LastReboot: timestamp(d.Facts.LastReboot),
	}
	if d.Class.Standing == reeve.Managed && d.IsExempt(now) && d.Exempt == reeve.ExemptAll {
		out.Status = "exempted"
	}
	if slices.Contains(deviceTypes, d.Facts.Type) {
		out.DeviceType = d.Facts.Type
	}
	if d.Class.Kind != reeve.NoAgent {
		out.AgentType = d.Class.Kind.String()
	}
	return out
}

// addSystemV3 fills what Device Details calls system_info.
func (out *deviceV3) addSystemV3(d reeve.Device) {
	if d.Facts.User != "" {
		out.UserInfo = &userInfo{d.Facts.User}
	}
	os := osInfo{Name: d.Facts.OSName, Version: d.Facts.OSVersion, Architecture: d.Facts.Architecture}
	if d.Class.System != reeve.OtherSystem {
		os.Family = d.Class.System.String()
	}
	if os != (osInfo{}) {
		out.OSInfo = &os
	}
	for _, n := range d.Facts.Networks {
		out.NetworkInfo = append(out.NetworkInfo, networkInfo{n.Name, n.MAC, n.IPv4, n.IPv6})
	}
	if len(d.Facts.Networks) == 0 {
		for _, mac := range d.MACs {
			out.NetworkInfo = append(out.NetworkInfo, networkInfo{MAC: mac.String()})
		}
	}
}

// timestamp writes a time as all v3 answers do; "" for none.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

// devicesNamed finds the devices that a list of device ids and MAC addresses
// names, in the order of the list, each entry without one left out.
func (a *api) devicesNamed(ctx context.Context, account int64, names []string) ([]reeve.Device, error) {
	var ids []string
	var macs []reeve.MAC
	for _, name := range names {
		if mac, ok := reeve.ParseMAC(name); ok {
			macs = append(macs, mac)
		} else if reeve.IsID(name) {
			ids = append(ids, name)
		}
	}
	byID, err := a.Devices.DevicesByID(ctx, account, ids)
	if err != nil {
		return nil, err
	}
	byMAC, err := a.Devices.DevicesByMAC(ctx, account, macs)
	if err != nil {
		return nil, err
	}
	return pick(names, byID, byMAC), nil
}
