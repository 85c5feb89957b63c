package control

import (
	"context"
	"strings"

	"reeve"
)

// How many recovery codes an operator gets, and how long each is.
const (
	recoveryCodes  = 10
	recoveryLength = 10
)

// A FactorSecret is what an authenticator app is given, shown only now.
type FactorSecret struct {
	Secret string // to type
	URI    string // to show as a picture
}

// factorOwner is what the secret of an operator's authenticator app is sealed for.
func factorOwner(operator string) string { return "second factor of " + operator }

func (c *Control) hasFactor(ctx context.Context, operator string) (bool, error) {
	f, err := c.store.Factor(ctx, operator)
	if reeve.KindOf(err) == reeve.NotFound && err != nil {
		return false, nil
	}
	return !f.Confirmed.IsZero(), err
}

// HasFactor reports whether the caller signs in with an authenticator app, and
// how many recovery codes he has left.
func (c *Control) HasFactor(ctx context.Context, caller reeve.Caller) (bool, int64, error) {
	name, err := himself(caller)
	if err != nil {
		return false, 0, err
	}
	has, err := c.hasFactor(ctx, name)
	if err != nil || !has {
		return false, 0, err
	}
	left, err := c.store.RecoveryCodes(ctx, name)
	return true, left, err
}

// BeginFactor makes a secret for the caller's authenticator app. It counts once
// ConfirmFactor was given a code of it. Conflict if he has an app already.
func (c *Control) BeginFactor(ctx context.Context, caller reeve.Caller) (FactorSecret, error) {
	name, err := himself(caller)
	if err != nil {
		return FactorSecret{}, err
	}
	has, err := c.hasFactor(ctx, name)
	if err != nil {
		return FactorSecret{}, err
	}
	if has {
		return FactorSecret{}, reeve.Errorf(reeve.Conflict, "you have an authenticator app already; remove it first")
	}
	if c.opts.Seal == nil || c.opts.Unseal == nil {
		return FactorSecret{}, reeve.Errorf(reeve.Unavailable, "this server keeps no secrets, so that it cannot take authenticator apps")
	}
	secret := newTOTP()
	f := reeve.Factor{Operator: name, Secret: c.opts.Seal(factorOwner(name), secret)}
	return FactorSecret{secret, totpURI(name, secret)}, c.store.SetFactor(ctx, f, nil)
}

// UnconfirmedFactor returns what BeginFactor did, as long as ConfirmFactor was not
// given a code of it. NotFound without one.
func (c *Control) UnconfirmedFactor(ctx context.Context, caller reeve.Caller) (FactorSecret, error) {
	name, err := himself(caller)
	if err != nil {
		return FactorSecret{}, err
	}
	f, err := c.store.Factor(ctx, name)
	if err == nil && !f.Confirmed.IsZero() {
		err = reeve.Errorf(reeve.NotFound, "this authenticator app was confirmed already")
	}
	if err != nil {
		return FactorSecret{}, err
	}
	secret, err := c.opts.Unseal(factorOwner(name), f.Secret)
	return FactorSecret{secret, totpURI(name, secret)}, err
}

// ConfirmFactor takes a code of the app that was given the secret of BeginFactor,
// and returns recovery codes, shown only now. A wrong code is Denied.
func (c *Control) ConfirmFactor(ctx context.Context, caller reeve.Caller, code string) ([]string, error) {
	name, err := himself(caller)
	if err != nil {
		return nil, err
	}
	f, err := c.store.Factor(ctx, name)
	if err == nil && !f.Confirmed.IsZero() {
		err = reeve.Errorf(reeve.Conflict, "this authenticator app was confirmed already")
	}
	if err != nil {
		return nil, err
	}
	step, fits, err := c.stepOf(f, code)
	if err == nil && !fits {
		err = reeve.Errorf(reeve.Denied, "the code is wrong; check the clock of the device with the app, and try the next code")
	}
	if err != nil {
		return nil, err
	}
	f.Confirmed, f.Step = c.now(), step
	return c.setFactor(ctx, caller, f, "second_factor_added")
}

// RenewRecoveryCodes gives the caller other recovery codes in the place of those
// that he has.
func (c *Control) RenewRecoveryCodes(ctx context.Context, caller reeve.Caller) ([]string, error) {
	name, err := himself(caller)
	if err != nil {
		return nil, err
	}
	f, err := c.store.Factor(ctx, name)
	if err == nil && f.Confirmed.IsZero() {
		err = reeve.Errorf(reeve.Conflict, "confirm the authenticator app with a code first")
	}
	if err != nil {
		return nil, err
	}
	return c.setFactor(ctx, caller, f, "recovery_codes_renewed")
}

// setFactor stores a factor with new recovery codes, which it returns.
func (c *Control) setFactor(ctx context.Context, caller reeve.Caller, f reeve.Factor, event string) ([]string, error) {
	codes, hashes := make([]string, recoveryCodes), make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = newSecret(recoveryLength)
		hashes[i] = hashSecret(codes[i])
	}
	return codes, c.store.SetFactor(ctx, f, hashes, entry(caller, c.now(), event, detail("", map[string]any{"operator": f.Operator})))
}

// RemoveFactor takes the caller's authenticator app and recovery codes away, who
// shows the password.
func (c *Control) RemoveFactor(ctx context.Context, caller reeve.Caller, password string, from From) error {
	name, err := himself(caller)
	if err != nil {
		return err
	}
	if _, err := c.checkSignIn(ctx, name, password, from); err != nil {
		return err
	}
	return c.store.RemoveFactor(ctx, caller.Account, name,
		entry(caller, c.now(), "second_factor_removed", detail("", map[string]any{"operator": name})))
}

// ResetFactor takes the authenticator app of an operator of the caller's account
// away, who has lost it.
func (c *Control) ResetFactor(ctx context.Context, caller reeve.Caller, name string) error {
	o, err := c.operatorToChange(ctx, caller, name)
	if err != nil {
		return err
	}
	return c.store.RemoveFactor(ctx, o.Account, name,
		entry(caller, c.now(), "second_factor_removed", detail("", map[string]any{"operator": name})))
}

// stepOf returns the step whose code this is.
func (c *Control) stepOf(f reeve.Factor, code string) (int64, bool, error) {
	secret, err := c.opts.Unseal(factorOwner(f.Operator), f.Secret)
	if err != nil {
		return 0, false, err
	}
	step, fits := findTOTP(secret, code, c.now())
	return step, fits, nil
}

// checkCode takes a code of an operator's authenticator app or a recovery code,
// once, and says which it was. A wrong one is Denied and counts like a wrong
// password.
func (c *Control) checkCode(ctx context.Context, operator, code string, from From) (string, error) {
	if err := c.notLocked(ctx, operator, from.Address); err != nil {
		return "", err
	}
	o, err := c.store.Operator(ctx, operator)
	if err != nil {
		return "", err
	}
	f, err := c.store.Factor(ctx, operator)
	if err != nil {
		return "", err
	}
	step, fits, err := c.stepOf(f, code)
	if err != nil {
		return "", err
	}
	if fits {
		if err = c.store.UseStep(ctx, operator, step); err == nil {
			return "code", nil
		}
	} else {
		plain := strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
		err = c.store.UseRecoveryCode(ctx, operator, hashSecret(plain), c.signInEntry(o, from, "recovery_code_used", map[string]any{}))
		if err == nil {
			return "recovery code", nil
		}
	}
	if kind := reeve.KindOf(err); kind != reeve.Conflict && kind != reeve.NotFound {
		return "", err
	}
	if err := c.signInFailed(ctx, o, operator, "code", from); err != nil {
		return "", err
	}
	return "", reeve.Errorf(reeve.Denied, "the code is wrong or was used already; wait for the next one")
}
