package control

import (
	"context"
	"time"

	"reeve"
)

// maxCodeLife is how far away the end of a registration code may be.
const maxCodeLife = 10 * 365 * 24 * time.Hour

// CreateCode makes a registration code of the caller's account from what spec
// says of note, group, kind, uses, community and expiry. The code itself is in
// the answer and nowhere else.
func (c *Control) CreateCode(ctx context.Context, caller reeve.Caller, spec reeve.Code) (reeve.Code, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return reeve.Code{}, err
	}
	now := c.now()
	switch {
	case spec.Uses < 0:
		return reeve.Code{}, reeve.Errorf(reeve.Invalid, "uses must be 0 for no limit, or a positive number")
	case !spec.Expires.IsZero() && (spec.Expires.Before(now) || spec.Expires.After(now.Add(maxCodeLife))):
		return reeve.Code{}, reeve.Errorf(reeve.Invalid, "the code must end in the future and within ten years")
	case tooLong(spec.Note):
		return reeve.Code{}, reeve.Errorf(reeve.Invalid, "the note is longer than %d characters; shorten it", MaxComment)
	}
	if spec.GroupID != "" {
		if _, err := c.store.Group(ctx, caller.Account, spec.GroupID); err != nil {
			return reeve.Code{}, err
		}
	}
	code := reeve.Code{
		Code: newSecret(codeLength), Account: caller.Account, Note: spec.Note, GroupID: spec.GroupID,
		Kind: spec.Kind, Uses: spec.Uses, Community: spec.Community, Expires: spec.Expires.UTC().Truncate(time.Microsecond), Created: now,
	}
	code.Hash, code.Hint = hashSecret(code.Code), code.Code[:2]
	e := entry(caller, now, "code_created", detail("", map[string]any{"hint": code.Hint, "note": code.Note, "uses": code.Uses}))
	return code, c.store.AddCode(ctx, code, e)
}

// RevokeCode ends a registration code, given itself or its hash.
func (c *Control) RevokeCode(ctx context.Context, caller reeve.Caller, code string) error {
	if err := Allow(caller, reeve.Admin); err != nil {
		return err
	}
	hash := code
	if len(code) == codeLength {
		hash = hashSecret(code)
	}
	now := c.now()
	return c.store.RevokeCode(ctx, caller.Account, hash, now, entry(caller, now, "code_revoked",
		detail("", map[string]any{"hash": hash})))
}
