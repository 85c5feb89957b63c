package cmapi

import (
	"slices"
	"strings"

	"reeve/internal/door"
)

// fieldsUnder returns the fields of an answer below a prefix such as "[].",
// without the members that a version lacks.
func fieldsUnder(prefix string, fields []door.Field, without lacks) []door.Field {
	var out []door.Field
	for _, f := range fields {
		member, _, _ := strings.Cut(f.Name, ".")
		if !slices.Contains(without, strings.TrimSuffix(member, "[]")) {
			f.Name = prefix + f.Name
			out = append(out, f)
		}
	}
	return out
}

// Why Reeve does not know a published member.
const (
	noAssessment = "left out: Reeve assesses no posture"
	noProducts   = "left out: Reeve takes no inventory of software"
	noPlaces     = "left out: Reeve does not look up where an address is"
)

// fieldsV3 are the published members of deviceV3 for the reference.
var fieldsV3 = []door.Field{
	{Name: "device_id", Type: "string", About: "32 hex digits"},
	{Name: "status", Type: "string", About: "installed, compliant, exempted, out_of_license_usage, unknown or ignored; whether a device that nobody assessed is installed or compliant is the account's setting unassessed"},
	{Name: "status_detail", Type: "object", Unknown: noAssessment},
	{Name: "severity", Type: "string", Unknown: noAssessment},
	{Name: "issue", Type: "object", Unknown: noAssessment},
	{Name: "device_name", Type: "string", About: "the hostname; empty where it is not known"},
	{Name: "host_name", Type: "string"},
	{Name: "nickname", Type: "string", About: "given by an administrator"},
	{Name: "nick_name", Type: "string", About: "given by an administrator"},
	{Name: "group_name", Type: "string"},
	{Name: "device_type", Type: "string", About: "desktop, laptop, phone, tablet, server or vm"},
	{Name: "agent_type", Type: "string", About: "persistent, on_demand, mobile or domain_controller; left out without an agent"},
	{Name: "agent_version", Type: "string", About: "four numbers with dots"},
	{Name: "oesis_version", Type: "string", Unknown: "left out: Reeve's agent has no such engine"},
	{Name: "public_ip", Type: "string", About: "the address that the agent was last heard from"},
	{Name: "country", Type: "string", Unknown: noPlaces},
	{Name: "geo_info", Type: "object", Unknown: noPlaces},
	{Name: "enrolled_at", Type: "string", About: "RFC 3339, UTC"},
	{Name: "last_seen", Type: "string", About: "RFC 3339, UTC"},
	{Name: "last_reboot", Type: "string", About: "RFC 3339, UTC"},
	{Name: "remediation_link", Type: "string", About: "a page about the device that needs no sign-in; left out for devices out of license"},
	{Name: "link_user.username", Type: "string", About: "set by Link User"},
	{Name: "link_user.group", Type: "string", About: "set by Link User"},
	{Name: "linked_id", Type: "string", Unknown: "left out: what it holds is not published"},
	{Name: "user_identity", Type: "object", About: "the latest answers to re-identify, by the account's identity fields"},
	{Name: "user_info.username", Type: "string", About: "who is logged in"},
	{Name: "os_info.family", Type: "string", About: "windows, mac, linux, ios or android"},
	{Name: "os_info.name", Type: "string"},
	{Name: "os_info.version", Type: "string"},
	{Name: "os_info.architecture", Type: "string"},
	{Name: "network_info[].description", Type: "string", About: "name of the interface"},
	{Name: "network_info[].mac", Type: "string"},
	{Name: "network_info[].ipv4", Type: "array of string"},
	{Name: "network_info[].ipv6", Type: "array of string"},
	{Name: "cves.total", Type: "int", Unknown: noProducts},
	{Name: "categories", Type: "array of object", Unknown: noAssessment},
	{Name: "unclassified", Type: "array of object", Unknown: noProducts},
	{Name: "mobile_apps", Type: "array of object", Unknown: noProducts},
	{Name: "detected_processes", Type: "array of object", Unknown: noProducts},
	{Name: "detected_packages", Type: "array of object", Unknown: noProducts},
	{Name: "detected_patches", Type: "array of object", Unknown: noProducts},
	{Name: "infection", Type: "object", Unknown: "left out: see Get Threats"},
}

// fieldsV2 are the published members of deviceV2 for the reference.
var fieldsV2 = []door.Field{
	{Name: "hwid", Type: "string", About: "Reeve's device id, 32 hex digits, the same as in v3"},
	{Name: "agent_type", Type: "string", About: "managed, or guest for an on-demand agent; left out without an agent"},
	{Name: "remediation_link", Type: "string", About: "a page about the device that needs no sign-in; left out for devices out of license"},
	{Name: "status", Type: "int", About: "0 compliant or exempt, 2 without an agent, 3 not assessed yet; 1, not compliant, only an assessment could tell"},
	{Name: "critical_issue", Type: "int", Unknown: noAssessment},
	{Name: "total_issue", Type: "int", Unknown: noAssessment},
	{Name: "total_critical_issue", Type: "int", Unknown: noAssessment},
	{Name: "exempt", Type: "int", About: "0 not, 1 from all issues, 2 from critical issues only (the numbers are Reeve's)"},
	{Name: "hostname", Type: "string"},
	{Name: "nickname", Type: "string", About: "given by an administrator"},
	{Name: "country", Type: "string", Unknown: noPlaces},
	{Name: "machine_type", Type: "string", About: "desktop, laptop, phone, tablet, server or vm"},
	{Name: "agent_version", Type: "string", About: "four numbers with dots"},
	{Name: "active", Type: "int", About: "1 while the agent is connected"},
	{Name: "last_seen", Type: "string", About: "RFC 3339, UTC"},
	{Name: "user_info.username", Type: "string", About: "who is logged in, or else the linked user (Link User)"},
	{Name: "user_info.domain", Type: "string", Unknown: "left out: the agent tells one name, with the domain in it if there is one"},
	{Name: "os_info.family", Type: "string", About: "Windows, Mac, Linux, iOS or Android"},
	{Name: "os_info.name", Type: "string"},
	{Name: "os_info.vendor", Type: "string", Unknown: "left out: the agent does not tell it"},
	{Name: "os_info.version", Type: "string"},
	{Name: "os_info.service_pack_version", Type: "string", Unknown: "left out: the agent does not tell it"},
	{Name: "os_info.architecture", Type: "string"},
	{Name: "os_info.os_language", Type: "string", Unknown: "left out: the agent does not tell it"},
	{Name: "os_info.user_password_set", Type: "string", Unknown: noAssessment},
	{Name: "network_info[].mac_addr", Type: "string"},
	{Name: "network_info[].ipv4_addr", Type: "string"},
	{Name: "network_info[].ipv6_addr", Type: "string"},
	{Name: "applications", Type: "array of object", Unknown: noProducts},
}
