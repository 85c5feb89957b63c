package control

import (
	"cmp"
	"context"
	"regexp"

	"reeve"
)

// Defaults of reeve.Settings, in days.
const (
	DefaultUnseenAfterDays = 30
	DefaultRestoreDays     = 30
	DefaultKeepReportsDays = 30
)

// MaxDays is the longest of the settings that are days: ten years.
const MaxDays = 3650

// maxIdentityFields is how many questions re-identify asks; agents take no more.
const maxIdentityFields = 32

// Effective returns the settings with their defaults in the place of zeros.
func Effective(s reeve.Settings) reeve.Settings {
	s.Unassessed = cmp.Or(s.Unassessed, "pending")
	s.UnseenAfterDays = cmp.Or(s.UnseenAfterDays, DefaultUnseenAfterDays)
	s.RestoreDays = cmp.Or(s.RestoreDays, DefaultRestoreDays)
	s.KeepReportsDays = cmp.Or(s.KeepReportsDays, DefaultKeepReportsDays)
	return s
}

// ChangeAccount stores new settings of the caller's own account: name, seats,
// limits, identity fields and reeve.Settings. What an account is given, seats
// and limits, only an admin of the first account may change.
func (c *Control) ChangeAccount(ctx context.Context, caller reeve.Caller, a reeve.Account) error {
	if err := Allow(caller, reeve.Admin); err != nil {
		return err
	}
	a.No = caller.Account
	a, err := checkAccount(a)
	if err != nil {
		return err
	}
	now, err := c.store.Account(ctx, caller.Account)
	if err != nil {
		return err
	}
	if a.Seats != now.Seats || a.RequestsPerMinute != now.RequestsPerMinute {
		if err := c.allowServer(ctx, caller); err != nil {
			return err
		}
	}
	return c.store.SetAccount(ctx, a, entry(caller, c.now(), "account_changed", accountDetail(a)))
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
	for _, a := range accounts {
		if a.Name != name {
			continue
		}
		a.Seats, a.RequestsPerMinute = *cmp.Or(seats, &a.Seats), *cmp.Or(perMinute, &a.RequestsPerMinute)
		if a, err = checkAccount(a); err != nil {
			return a, err
		}
		// A log names nobody of another account.
		by := caller
		if a.No != caller.Account {
			by = system(a.No)
		}
		if err := c.store.SetAccount(ctx, a, entry(by, c.now(), "account_changed", accountDetail(a))); err != nil {
			return a, err
		}
		if a.No != caller.Account {
			err = c.store.Append(ctx, entry(caller, c.now(), "account_changed", accountDetail(a)))
		}
		return a, err
	}
	return reeve.Account{}, reeve.Errorf(reeve.NotFound, "there is no account with this name; list them to see which there are")
}

// accountDetail names settings only where they are not the defaults.
func accountDetail(a reeve.Account) string {
	facts := map[string]any{"name": a.Name, "seats": a.Seats, "requests_per_minute": a.RequestsPerMinute}
	if a.Settings.Unassessed != "" {
		facts["unassessed"] = a.Settings.Unassessed
	}
	for _, days := range daysOf(a.Settings) {
		if days.n != 0 {
			facts[days.name] = days.n
		}
	}
	return detail("", facts)
}

// A setting is one that is a number of days.
type setting struct {
	name string
	n    int64
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
	for _, f := range fields {
		if len(f.Label) > MaxComment || len(f.Pattern) > MaxComment {
			return reeve.Errorf(reeve.Invalid, "label or pattern of identity field %q is longer than %d bytes; shorten it", f.Name, MaxComment)
		}
		if _, err := checkName("identity field", f.Name); err != nil {
			return err
		}
		if _, err := regexp.Compile(f.Pattern); err != nil {
			return reeve.Errorf(reeve.Invalid, "the pattern of identity field %q is not a regular expression", f.Name).Because(err)
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
	for _, days := range daysOf(s) {
		if days.n < 0 || days.n > MaxDays {
			return reeve.Errorf(reeve.Invalid, "%s must be from 1 to %d, or 0 for the default", days.name, MaxDays)
		}
	}
	return nil
}
