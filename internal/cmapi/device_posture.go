package cmapi

import (
	"slices"
	"time"

	"reeve"
	"reeve/internal/control"
)

// A posture is how a device counts, before a version of the API spells it.
type posture int8

// The postures that Reeve gives. A managed device that is not exempt counts as
// compliant where the account wants devices that nobody assessed to.
const (
	installed posture = iota
	compliant
	exempted
	outOfLicense
	unknown
	ignored
)

// wordsV3 are the statuses of v3. The pages also have non_compliant, pending and
// quarantined, which only an assessment could tell; Device Information and Account
// Details spell the first with a hyphen.
//
// Source: "Get Devices" v3.7 of the OAuth API manual.
var wordsV3 = []string{"installed", "compliant", "exempted", "out_of_license_usage", "unknown", "ignored"}

// numbersV2 are the statuses of v2: 0 compliant, 1 not, 2 without an agent, 3
// still sending. Exempt devices answer as if compliant; who waits for a seat
// still has to send.
//
// Source: "Device Policy Check" v2.2 and "Can I exempt a device" of the manuals.
var numbersV2 = []int{installed: 3, compliant: 0, exempted: 0, outOfLicense: 3, unknown: 2, ignored: 2}

// A lens shows the devices of one account as they are at one moment.
type lens struct {
	now      time.Time
	settings reeve.Settings
	license  string
	group    int64 // the one that takes new devices
	link     func(license, device string) string
}

func (a *api) lens(account reeve.Account) lens {
	return lens{now: a.Now(), settings: control.Effective(account.Settings), license: account.LicenseKey, group: account.DefaultGroup, link: a.remediationLink}
}

// posture tells how a device counts.
func (l lens) posture(d reeve.Device) posture {
	switch d.Class.Standing {
	case reeve.Unknown:
		return unknown
	case reeve.Ignored:
		return ignored
	case reeve.OutOfLicense:
		return outOfLicense
	}
	if d.IsExempt(l.now) && d.Exempt == reeve.ExemptAll {
		return exempted
	}
	return l.unassessed()
}

// unassessed is the posture of a managed device that nobody assessed.
func (l lens) unassessed() posture {
	if l.settings.Unassessed == "compliant" {
		return compliant
	}
	return installed
}

// unseenAfter is after how long a silence a device counts as unseen.
func (l lens) unseenAfter() time.Duration {
	return time.Duration(l.settings.UnseenAfterDays) * 24 * time.Hour
}

// remediation returns the link to the device's page, or "" for one that waits
// for a seat: those are not supported.
func (l lens) remediation(d reeve.Device) string {
	if d.Class.Standing == reeve.OutOfLicense {
		return ""
	}
	return l.link(l.license, d.ID)
}

// deviceTypes are the published values of device_type.
var deviceTypes = []string{"desktop", "laptop", "phone", "tablet", "server", "vm"}

// typeOf returns a published device type, or "".
func typeOf(d reeve.Device) string {
	if slices.Contains(deviceTypes, d.Facts.Type) {
		return d.Facts.Type
	}
	return ""
}

// timestamp writes a time as all answers do; "" for none.
func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
