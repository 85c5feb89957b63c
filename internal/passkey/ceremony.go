package passkey

import (
	"encoding/base64"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"reeve"
)

// What each question is asked for.
const (
	making  = "a new passkey of "
	knowing = "a passkey of "
	anyone  = "a passkey of anyone"
)

// AskNew asks a browser to make a passkey for an operator who has these already,
// on none of which it is to be made once more. It will be found without a name.
func (p *Party) AskNew(operator string, has []reeve.Passkey) (reeve.PasskeyQuestion, error) {
	h, err := hold(operator, has)
	if err != nil {
		return reeve.PasskeyQuestion{}, err
	}
	options, session, err := p.web.BeginRegistration(h,
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationPreferred,
		}),
		webauthn.WithConveyancePreference(protocol.PreferNoAttestation),
		webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return reeve.PasskeyQuestion{}, err
	}
	return p.ask(making+operator, options.Response, session)
}

// CheckNew returns the passkey that a browser made for the operator. Account,
// name and time are the caller's to add. What does not fit is Denied.
func (p *Party) CheckNew(operator, state string, answer []byte) (reeve.Passkey, reeve.OneUse, error) {
	session, use, err := p.recall(making+operator, state)
	if err != nil {
		return reeve.Passkey{}, use, err
	}
	const wrong = "the passkey could not be added; try again, in a browser that reaches this server by its public name"
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return reeve.Passkey{}, use, refused(wrong, err)
	}
	made, err := p.web.CreateCredential(holder{name: operator}, session, parsed)
	if err != nil {
		return reeve.Passkey{}, use, refused(wrong, err)
	}
	k, err := store(reeve.Passkey{Operator: operator}, made)
	return k, use, err
}

// Ask asks a browser for one of the passkeys of an operator who has shown the
// password. Without an operator it asks for anyone's; then the key alone must
// show that its holder was there and is who he is, by a finger or a PIN.
func (p *Party) Ask(operator string, has []reeve.Passkey) (reeve.PasskeyQuestion, error) {
	if operator == "" {
		options, session, err := p.web.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
		if err != nil {
			return reeve.PasskeyQuestion{}, err
		}
		return p.ask(anyone, options.Response, session)
	}
	h, err := hold(operator, has)
	if err != nil {
		return reeve.PasskeyQuestion{}, err
	}
	if len(has) == 0 {
		return reeve.PasskeyQuestion{}, reeve.Errorf(reeve.NotFound, "there is no passkey to ask for; sign in in another way")
	}
	options, session, err := p.web.BeginLogin(h, webauthn.WithUserVerification(protocol.VerificationPreferred))
	if err != nil {
		return reeve.PasskeyQuestion{}, err
	}
	return p.ask(knowing+operator, options.Response, session)
}

// Check checks the answer to Ask for the same operator. Find looks up a passkey
// by its ID. What does not fit is Denied; a key whose counter did not rise comes
// back as Suspect, without an error.
func (p *Party) Check(operator, state string, answer []byte, find func(id string) (reeve.Passkey, error)) (reeve.PasskeyAnswer, error) {
	purpose := anyone
	if operator != "" {
		purpose = knowing + operator
	}
	session, use, err := p.recall(purpose, state)
	if err != nil {
		return reeve.PasskeyAnswer{}, err
	}
	const wrong = "this passkey is not known here, or did not answer as it should; sign in in another way"
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return reeve.PasskeyAnswer{}, refused(wrong, err)
	}
	k, err := find(base64.RawURLEncoding.EncodeToString(parsed.RawID))
	switch {
	case reeve.KindOf(err) == reeve.NotFound, err == nil && operator != "" && k.Operator != operator:
		return reeve.PasskeyAnswer{}, refused(wrong, err)
	case err != nil:
		return reeve.PasskeyAnswer{}, err
	}
	h, err := hold(k.Operator, []reeve.Passkey{k})
	if err != nil {
		return reeve.PasskeyAnswer{}, err
	}
	if operator != "" {
		// The library wants every key that was asked for; the one that answers is
		// the operator's by what the store says now.
		session.AllowedCredentialIDs = nil
	}
	var seen *webauthn.Credential
	if operator == "" {
		_, seen, err = p.web.ValidatePasskeyLogin(func(_, _ []byte) (webauthn.User, error) { return h, nil }, session, parsed)
	} else {
		seen, err = p.web.ValidateLogin(h, session, parsed)
	}
	if err != nil {
		return reeve.PasskeyAnswer{}, refused(wrong, err)
	}
	now, err := store(k, seen)
	now.Used = p.now()
	return reeve.PasskeyAnswer{Passkey: now, Counter: k.Counter, OneUse: use}, err
}
