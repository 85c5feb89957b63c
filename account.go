package reeve

import "time"

// An Account owns devices, groups, apps, codes and a log. Nothing of one
// account is visible from another.
type Account struct {
	No   int64  // internal key
	Name string // unique on this server, 1 to 64 characters

	// Seats is how many managed devices may report; 0 means as many as come.
	// A device that enrols beyond them is OutOfLicense until a seat is free.
	Seats int64

	// RequestsPerMinute limits each published API for the whole account:
	// 0 is the server's setting, a negative number is no limit.
	RequestsPerMinute int64

	// LicenseKey names the account to the outside, in links and in the community
	// agent's protocol: 32 lower-case hex digits. It opens nothing.
	LicenseKey string

	Settings       Settings
	IdentityFields []IdentityField // what re-identify asks for, in order
	DefaultGroup   int64           // internal key of the group that takes new devices
	Created        time.Time
}

// Settings are what an account's administrators decide for it. A zero field
// takes its default, which docs/limits.md names.
type Settings struct {
	// Unassessed is how a managed device counts whose posture nobody assessed:
	// "pending" (the default) or "compliant".
	Unassessed string `json:"unassessed,omitempty"`
	// UnseenAfterDays is after how many days without a word a device counts as
	// unseen; default 30.
	UnseenAfterDays int64 `json:"unseen_after_days,omitempty"`
	// RestoreDays is how long a deleted device can be restored; default 30.
	RestoreDays int64 `json:"restore_days,omitempty"`
	// KeepReportsDays is how long results can be fetched; default 30.
	KeepReportsDays int64 `json:"keep_reports_days,omitempty"`
	// KeepLogDays is after how many days rows of the log are pruned; 0 is never.
	KeepLogDays int64 `json:"keep_log_days,omitempty"`
	// RandomMACs is whether a machine that was seen with a MAC address that its
	// maker did not give it becomes a device: phones make up new ones, and virtual
	// machines have no others.
	RandomMACs bool `json:"random_macs,omitempty"`
	// ApproveAbove is on how many devices an order may be placed without the
	// approval of a second person; 0 is on any number.
	ApproveAbove int64 `json:"approve_above,omitempty"`
	// ConfirmAbove is from how many devices on the console asks to type their
	// number before it orders; default 100.
	ConfirmAbove int64 `json:"confirm_above,omitempty"`
	// RequireComment is whether an order needs a comment, wherever one can be given.
	RequireComment bool `json:"require_comment,omitempty"`
}

// A Group is a named set of devices; each device is in exactly one.
type Group struct {
	No          int64  // internal key
	ID          string // 32 lower-case hex digits
	Name        string // unique in its account
	Description string
	Default     bool  // takes devices that were put nowhere else
	Devices     int64 // devices in it, archived ones not counted; set by lists only
	Created     time.Time
	Modified    time.Time
}
