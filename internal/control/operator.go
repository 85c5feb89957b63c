package control

import (
	"context"
	"strings"
	"sync"
	"unicode/utf8"

	"reeve"
)

// Bounds of a password that a person chose. Generated ones have 20 characters.
const (
	minPassword     = 12
	maxPassword     = 1 << 10
	generatedLength = 20
)

// CreateOperator adds an operator to the caller's account, with what spec says of
// name, role and roles in groups. Without a password it makes one and returns it,
// which is shown only now.
func (c *Control) CreateOperator(ctx context.Context, caller reeve.Caller, spec reeve.Operator, password string) (reeve.Operator, string, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return reeve.Operator{}, "", err
	}
	name, err := checkOperatorName(spec.Name)
	if err != nil {
		return reeve.Operator{}, "", err
	}
	if spec.Groups, err = c.checkRoles(ctx, caller, spec); err != nil {
		return reeve.Operator{}, "", err
	}
	hash, password, err := choosePassword(name, password)
	if err != nil {
		return reeve.Operator{}, "", err
	}
	o := reeve.Operator{Name: name, Account: caller.Account, PasswordHash: hash, Role: spec.Role, Groups: spec.Groups, Created: c.now()}
	e := entry(caller, o.Created, "operator_created", detail("", roleFacts(o)))
	if err := c.store.AddOperator(ctx, o, e); err != nil {
		return reeve.Operator{}, "", err
	}
	return o, password, nil
}

func checkOperatorName(name string) (string, error) {
	name, err := checkName("operator", name)
	if err == nil && (strings.ContainsAny(name, "/\\") || strings.Trim(name, ".") == "") {
		err = reeve.Errorf(reeve.Invalid, "the name of an operator is part of addresses; leave out slashes")
	}
	if err == nil && name == "new" { // where the console's form is
		err = reeve.Errorf(reeve.Invalid, "no operator can be called new, since that is where the console makes one; choose another name")
	}
	return name, err
}

// An OperatorChange is what to change of an operator; what is nil stays.
type OperatorChange struct {
	Role     *reeve.Role
	Groups   *[]reeve.GroupRole // by public id
	Password *string            // "" makes one
	Expected *string            // see reeve.Operator; "" for his own name
}

// ChangeOperator changes an operator of the caller's account, who may not have
// more scopes than the caller, before or after. It returns the password that it
// made, if it did. A new one ends whatever the operator agreed to.
func (c *Control) ChangeOperator(ctx context.Context, caller reeve.Caller, name string, change OperatorChange) (reeve.Operator, string, error) {
	o, err := c.operatorToChange(ctx, caller, name)
	if err != nil {
		return reeve.Operator{}, "", err
	}
	before := roleFacts(o)
	var password string
	if change.Password != nil {
		if o.PasswordHash, password, err = choosePassword(o.Name, *change.Password); err != nil {
			return reeve.Operator{}, "", err
		}
	}
	if change.Role != nil || change.Groups != nil {
		take(&o.Role, change.Role)
		take(&o.Groups, change.Groups)
		if o.Groups, err = c.checkRoles(ctx, caller, o); err != nil {
			return reeve.Operator{}, "", err
		}
	}
	facts := roleFacts(o)
	if change.Expected != nil {
		before["expected"] = o.Expected
		if o.Expected = strings.TrimSpace(*change.Expected); len(o.Expected) > maxExpected {
			return reeve.Operator{}, "", reeve.Errorf(reeve.Invalid, "a name at the provider has %d bytes at most", maxExpected)
		}
		facts["expected"] = o.Expected
	}
	if err := c.store.SetOperator(ctx, o, entry(caller, c.now(), "operator_changed", detail(changed(facts, before), map[string]any{"new_password": change.Password != nil}))); err != nil {
		return reeve.Operator{}, "", err
	}
	return o, password, nil
}

// operatorToChange returns an operator of the caller's account who may do no
// more than the caller.
func (c *Control) operatorToChange(ctx context.Context, caller reeve.Caller, name string) (reeve.Operator, error) {
	if err := Allow(caller, reeve.Admin); err != nil {
		return reeve.Operator{}, err
	}
	o, err := c.store.Operator(ctx, name)
	if err == nil && o.Account != caller.Account {
		err = reeve.Errorf(reeve.NotFound, "there is no such operator")
	}
	if err == nil {
		err = allowRoles(caller, o)
	}
	return o, err
}

// RemoveOperator removes an operator of the caller's account and ends what he
// agreed to. The last admin stays.
func (c *Control) RemoveOperator(ctx context.Context, caller reeve.Caller, name string) error {
	if err := Allow(caller, reeve.Admin); err != nil {
		return err
	}
	return c.store.RemoveOperator(ctx, caller.Account, name,
		entry(caller, c.now(), "operator_removed", detail("", map[string]any{"operator": name})))
}

// ResetOperator gives an operator a new password, which it returns, and takes his
// authenticator app away. It is for
// who holds the server's data folder, not for a door.
func (c *Control) ResetOperator(ctx context.Context, name string) (string, error) {
	o, err := c.store.Operator(ctx, name)
	if err != nil {
		return "", err
	}
	password := newSecret(generatedLength)
	o.PasswordHash = hashPassword(password)
	e := entry(system(o.Account), c.now(), "operator_reset", detail("", map[string]any{"operator": name}))
	if err := c.store.SetOperator(ctx, o, e); err != nil {
		return "", err
	}
	has, err := c.hasFactor(ctx, name)
	if err == nil && has {
		e := entry(system(o.Account), c.now(), "second_factor_removed", detail("", map[string]any{"operator": name}))
		err = c.store.RemoveFactor(ctx, o.Account, name, e)
	}
	return password, err
}

// choosePassword returns the hash of an operator's password, or of one that it
// makes and returns as well.
func choosePassword(name, password string) (hash, made string, err error) {
	if password == "" {
		made = newSecret(generatedLength)
		return hashPassword(made), made, nil
	}
	if utf8.RuneCountInString(password) < minPassword || len(password) > maxPassword {
		return "", "", reeve.Errorf(reeve.Invalid, "a password must have %d characters or more, and at most %d bytes", minPassword, maxPassword)
	}
	if err := notTrivial(name, password); err != nil {
		return "", "", err
	}
	return hashPassword(password), "", nil
}

// passwordsAtOnce bounds how many passwords are checked at a time, each of which
// takes a processor and argonKiB of memory: strangers may send them.
const passwordsAtOnce = 4

var checking = make(chan struct{}, passwordsAtOnce)

// CheckPassword returns the operator with this name and password, else Denied.
func (c *Control) CheckPassword(ctx context.Context, name, password string) (reeve.Operator, error) {
	denied := reeve.Errorf(reeve.Denied, "the name or the password is wrong")
	o, err := c.store.Operator(ctx, name)
	known := err == nil
	if !known && reeve.KindOf(err) != reeve.NotFound {
		return reeve.Operator{}, err
	}
	hash := o.PasswordHash
	if !known {
		hash = someHash() // take as long as with a right name
	}
	select {
	case checking <- struct{}{}:
	case <-ctx.Done():
		return reeve.Operator{}, ctx.Err()
	}
	fits := passwordFits(password, hash)
	<-checking
	if !known || !fits {
		return reeve.Operator{}, denied
	}
	return o, nil
}

// someHash is made on first use, since it takes as long as it should.
var someHash = sync.OnceValue(func() string { return hashPassword(newSecret(generatedLength)) })
