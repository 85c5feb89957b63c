package control

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"reeve"
)

// Defaults of reeve.Settings, in days.
const (
	DefaultUnseenAfterDays = 30
	DefaultRestoreDays     = 30
	DefaultKeepReportsDays = 30
)

// DefaultConfirmAbove is from how many devices on the console asks to type
// their number.
const DefaultConfirmAbove = 100

// MaxDevices is the largest of the settings that are numbers of devices.
const MaxDevices = 1_000_000_000

// MaxDays is the longest of the settings that are days: ten years.
const MaxDays = 3650

// maxIdentityFields is how many questions re-identify asks; agents take no more.
const maxIdentityFields = 32

// maxChoices is how many answers a field may offer.
const maxChoices = 50

// Effective returns the settings with their defaults in the place of zeros.
func Effective(s reeve.Settings) reeve.Settings {
	s.Unassessed = cmp.Or(s.Unassessed, "pending")
	s.UnseenAfterDays = cmp.Or(s.UnseenAfterDays, DefaultUnseenAfterDays)
	s.RestoreDays = cmp.Or(s.RestoreDays, DefaultRestoreDays)
	s.KeepReportsDays = cmp.Or(s.KeepReportsDays, DefaultKeepReportsDays)
	s.ConfirmAbove = cmp.Or(s.ConfirmAbove, DefaultConfirmAbove)
	return s
}

// ChangeAccount has change set what it wants of the caller's own account as it
// is now: name, seats, limits, identity fields and reeve.Settings. What an
// account is given, seats and limits, only an admin of the first account may
// change. It returns the account as it then is.
func (c *Control) ChangeAccount(ctx context.Context, caller reeve.Caller, change func(*reeve.Account)) (reeve.Account, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return reeve.Account{}, err
	}
	ofServer := c.allowServer(ctx, caller)
	return c.changeAccount(ctx, caller, caller.Account, func(a *reeve.Account) error {
		had := *a
		change(a)
		if a.Seats != had.Seats || a.RequestsPerMinute != had.RequestsPerMinute {
			return ofServer
		}
		return nil
	})
}

// Give changes what the account with this name is given: its seats and its
// limit. What is nil stays. Only an admin of the first account may.
func (c *Control) Give(ctx context.Context, caller reeve.Caller, name string, seats, perMinute *int64) (reeve.Account, error) {
	if err := c.allowServer(ctx, caller); err != nil {
		return reeve.Account{}, err
	}
	accounts, err := c.store.Accounts(ctx)
	if err != nil {
		return reeve.Account{}, err
	}
	at := slices.IndexFunc(accounts, func(a reeve.Account) bool { return a.Name == name })
	if at < 0 {
		return reeve.Account{}, reeve.Errorf(reeve.NotFound, "there is no account with this name; list them to see which there are")
	}
	// A log names nobody of another account.
	by := caller
	if accounts[at].No != caller.Account {
		by = system(accounts[at].No)
	}
	had := accounts[at]
	a, err := c.changeAccount(ctx, by, had.No, func(a *reeve.Account) error {
		take(&a.Seats, seats)
		take(&a.RequestsPerMinute, perMinute)
		return nil
	})
	if err == nil && a.No != caller.Account {
		err = c.store.Append(ctx, entry(caller, c.now(), "account_changed", accountDetail(a, had)))
	}
	return a, err
}

// changeAccount changes an account as it is at that moment, so that two who
// change it at once do not undo each other's work.
func (c *Control) changeAccount(ctx context.Context, by reeve.Caller, no int64, change func(*reeve.Account) error) (reeve.Account, error) {
	var now reeve.Account
	err := c.store.ChangeAccount(ctx, no, func(a *reeve.Account) (reeve.AuditEntry, error) {
		had := *a
		if err := change(a); err != nil {
			return reeve.AuditEntry{}, err
		}
		a.No, a.LicenseKey, a.DefaultGroup, a.Created = had.No, had.LicenseKey, had.DefaultGroup, had.Created
		var err error
		*a, err = checkAccount(*a)
		now = *a
		return entry(by, c.now(), "account_changed", accountDetail(now, had)), err
	})
	return now, err
}

// accountDetail tells what an account is, and what was different: settings that
// have their defaults, and the questions to users, only if they are.
func accountDetail(a, had reeve.Account) string {
	facts, before := accountFacts(a), accountFacts(had)
	for name, usual := range settingFacts(reeve.Settings{}) {
		if same(facts[name], usual) && same(before[name], usual) {
			delete(facts, name)
			delete(before, name)
		}
	}
	if !same(a.IdentityFields, had.IdentityFields) {
		facts["identity_fields"], before["identity_fields"] = a.IdentityFields, had.IdentityFields
	}
	return changed(facts, before)
}

func accountFacts(a reeve.Account) map[string]any {
	facts := settingFacts(a.Settings)
	facts["name"], facts["seats"], facts["requests_per_minute"] = a.Name, a.Seats, a.RequestsPerMinute
	return facts
}

// settingFacts are the settings as they hold; numbers that are no limit are left out.
func settingFacts(s reeve.Settings) map[string]any {
	s = Effective(s)
	facts := map[string]any{"unassessed": s.Unassessed, "random_macs": s.RandomMACs, "require_comment": s.RequireComment}
	for _, s := range slices.Concat(daysOf(s), devicesOf(s)) {
		if s.n != 0 {
			facts[s.name] = s.n
		}
	}
	return facts
}

// A setting is one that is a number, of days or of devices.
type setting struct {
	name string
	n    int64
}

func devicesOf(s reeve.Settings) []setting {
	return []setting{{"approve_above", s.ApproveAbove}, {"confirm_above", s.ConfirmAbove}}
}

func daysOf(s reeve.Settings) []setting {
	return []setting{
		{"unseen_after_days", s.UnseenAfterDays}, {"restore_days", s.RestoreDays},
		{"keep_reports_days", s.KeepReportsDays}, {"keep_log_days", s.KeepLogDays},
	}
}

// checkAccount returns an account as it is stored, or says what is wrong.
func checkAccount(a reeve.Account) (reeve.Account, error) {
	var err error
	if a.Name, err = checkName("account", a.Name); err != nil {
		return a, err
	}
	if a.Seats < 0 {
		return a, reeve.Errorf(reeve.Invalid, "seats must be 0 for no limit, or a positive number")
	}
	if err := checkIdentityFields(a.IdentityFields); err != nil {
		return a, err
	}
	return a, checkSettings(a.Settings)
}

func checkIdentityFields(fields []reeve.IdentityField) error {
	if len(fields) > maxIdentityFields {
		return reeve.Errorf(reeve.Invalid, "an account has at most %d identity fields; remove some", maxIdentityFields)
	}
	names := map[string]bool{}
	for _, f := range fields {
		if names[f.Name] {
			return reeve.Errorf(reeve.Invalid, "two identity fields are called %q; give each a name of its own", f.Name)
		}
		names[f.Name] = true
		if tooLong(f.Label) || tooLong(f.Pattern) {
			return reeve.Errorf(reeve.Invalid, "label or pattern of identity field %q is longer than %d characters; shorten it", f.Name, MaxComment)
		}
		if _, err := checkName("identity field", f.Name); err != nil {
			return err
		}
		if err := f.CheckPattern(); err != nil {
			return reeve.Errorf(reeve.Invalid, "the pattern of identity field %q is not a regular expression", f.Name).Because(err)
		}
		if err := checkType(f); err != nil {
			return err
		}
	}
	return nil
}

// checkType checks that there is such a type, and what there is to choose from.
func checkType(f reeve.IdentityField) error {
	if _, known := f.Kind(); !known {
		return reeve.Errorf(reeve.Invalid, "identity field %q has a type that does not exist; choose from text, email, number, phone and choice", f.Name)
	}
	if f.Type != reeve.Choice {
		if len(f.Choices) > 0 {
			return reeve.Errorf(reeve.Invalid, "identity field %q has choices, which only fields of type choice have", f.Name)
		}
		return nil
	}
	if len(f.Choices) < 2 || len(f.Choices) > maxChoices {
		return reeve.Errorf(reeve.Invalid, "identity field %q needs 2 to %d choices", f.Name, maxChoices)
	}
	seen := map[string]bool{}
	for _, c := range f.Choices {
		if seen[c] || strings.TrimSpace(c) != c {
			return reeve.Errorf(reeve.Invalid, "the choices of identity field %q must differ, without space around them", f.Name)
		}
		seen[c] = true
		free := reeve.IdentityField{Label: f.Name, Required: true, Pattern: f.Pattern}
		if err := free.Check(c); err != nil {
			return reeve.Errorf(reeve.Invalid, "a choice of %s", reeve.Inner{Err: err})
		}
	}
	return nil
}

func checkSettings(s reeve.Settings) error {
	switch s.Unassessed {
	case "", "pending", "compliant":
	default:
		return reeve.Errorf(reeve.Invalid, "unassessed must be pending or compliant")
	}
	for _, devices := range devicesOf(s) {
		if devices.n < 0 || devices.n > MaxDevices {
			return reeve.Errorf(reeve.Invalid, "%s must be a number of devices from 1 to %d, or 0 for the default", reeve.Word(devices.name), MaxDevices)
		}
	}
	for _, days := range daysOf(s) {
		if days.n < 0 || days.n > MaxDays {
			return reeve.Errorf(reeve.Invalid, "%s must be from 1 to %d, or 0 for the default", reeve.Word(days.name), MaxDays)
		}
	}
	return nil
}
