package client

import (
	"encoding/json"
	"time"
)

// An Account is a tenant of the server.
type Account struct {
	Name              string           `json:"name"`
	LicenseKey        string           `json:"license_key"`         // names the account to others; opens nothing
	Seats             int64            `json:"seats"`               // 0: no limit
	RequestsPerMinute int64            `json:"requests_per_minute"` // 0: the server's setting; negative: no limit
	IdentityFields    []IdentityField  `json:"identity_fields,omitempty"`
	Settings          Settings         `json:"settings"`
	Devices           map[string]int64 `json:"devices,omitempty"` // by standing; only for one's own
	Created           time.Time        `json:"created"`
	// First is what the new account begins with, only in the answer that
	// creates it.
	First *FirstCredentials `json:"first,omitempty"`
}

// An IdentityField is one question of re-identify.
type IdentityField struct {
	Name     string   `json:"name"`
	Label    string   `json:"label"`
	Required bool     `json:"required"`
	Pattern  string   `json:"pattern,omitempty"` // RE2 that the whole answer must match
	Type     string   `json:"type,omitempty"`    // text (the default), email, number, phone or choice
	Choices  []string `json:"choices,omitempty"` // of a choice
}

// Settings are what an account's administrators decide for it.
type Settings struct {
	Unassessed      string `json:"unassessed"`        // how a device counts whose posture nobody assessed: pending or compliant
	UnseenAfterDays int64  `json:"unseen_after_days"` // without a word, until a device counts as unseen
	RestoreDays     int64  `json:"restore_days"`      // that a deleted device can be restored
	KeepReportsDays int64  `json:"keep_reports_days"` // that results can be fetched
	KeepLogDays     int64  `json:"keep_log_days"`     // after which rows of the log are pruned; 0: never
	RandomMACs      bool   `json:"random_macs"`       // whether a machine that was seen with a made-up MAC address becomes a device
	ApproveAbove    int64  `json:"approve_above"`     // on how many devices one person may order; 0: on any number
	ConfirmAbove    int64  `json:"confirm_above"`     // from how many devices on the console asks for their number
	RequireComment  bool   `json:"require_comment"`   // whether an order needs a comment
}

// A NewAccount is an account to create.
type NewAccount struct {
	Name  string `json:"name"`
	Seats int64  `json:"seats,omitempty"` // 0: no limit
}

// An AccountChange are the settings to change; nil ones stay. Seats and limit
// are only for admins of the first account.
type AccountChange struct {
	Name              *string          `json:"name,omitempty"`
	Seats             *int64           `json:"seats,omitempty"`
	RequestsPerMinute *int64           `json:"requests_per_minute,omitempty"`
	IdentityFields    *[]IdentityField `json:"identity_fields,omitempty"`
	Settings          *SettingsChange  `json:"settings,omitempty"`
}

// A SettingsChange are the Settings to change; nil ones stay, and zero takes the
// default.
type SettingsChange struct {
	Unassessed      *string `json:"unassessed,omitempty"`
	UnseenAfterDays *int64  `json:"unseen_after_days,omitempty"`
	RestoreDays     *int64  `json:"restore_days,omitempty"`
	KeepReportsDays *int64  `json:"keep_reports_days,omitempty"`
	KeepLogDays     *int64  `json:"keep_log_days,omitempty"`
	RandomMACs      *bool   `json:"random_macs,omitempty"`
	ApproveAbove    *int64  `json:"approve_above,omitempty"`
	ConfirmAbove    *int64  `json:"confirm_above,omitempty"`
	RequireComment  *bool   `json:"require_comment,omitempty"`
}

// A Gift is what an account is given; nil members stay.
type Gift struct {
	Seats             *int64 `json:"seats,omitempty"`
	RequestsPerMinute *int64 `json:"requests_per_minute,omitempty"`
}

// FirstCredentials let the owner of a new account in.
type FirstCredentials struct {
	Operator         string `json:"operator"`
	Password         string `json:"password"`
	ClientID         string `json:"client_id"`
	ClientSecret     string `json:"client_secret"`
	RegistrationCode string `json:"registration_code"`
}

// An Entry is one row of the log.
type Entry struct {
	Seq       int64           `json:"seq"`
	At        time.Time       `json:"at"`
	Event     string          `json:"event"`
	Source    string          `json:"source"`
	Actor     string          `json:"actor"`
	By        string          `json:"by,omitempty"`
	Address   string          `json:"address,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
	Device    string          `json:"device,omitempty"`
	Job       string          `json:"job,omitempty"`
	Outcome   string          `json:"outcome"`
	Detail    json.RawMessage `json:"detail,omitempty"`
	Hash      string          `json:"hash"` // of this row, chained to the one before
}

// A LogEnd is the last line of an export of the log.
type LogEnd struct {
	End     bool  `json:"end"`     // always true
	Lines   int64 `json:"lines"`   // that came before it
	Through int64 `json:"through"` // the last row that was looked at
}

// A Verdict is what checking the log found.
type Verdict struct {
	Account     string `json:"account"`
	Rows        int64  `json:"rows"`
	From        int64  `json:"from"` // the oldest row that is kept: more than 1 once the log was pruned
	Checkpoints int    `json:"checkpoints"`
	Intact      bool   `json:"intact"`
	Fault       string `json:"fault,omitempty"` // what is wrong and where
}

// A Version is what the server says of itself.
type Version struct {
	Version string `json:"version"`
	API     string `json:"api"`
}
