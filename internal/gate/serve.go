package gate

import (
	"context"
	"encoding/json"
	"net/http"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/link"
	"reeve/internal/said"
)

// Limits on bodies in bytes.
const (
	maxEnrolment  = link.MaxHello + 1<<10
	maxRetirement = 1 << 10
	maxCode       = 64
)

// identity tells an agent which root key the server has.
func (g *gate) identity(w http.ResponseWriter, _ *door.Request) error {
	return door.Write(w, http.StatusOK, g.Identity)
}

// enrol gives the agent a place in the account of its code. The clock of an
// agent that is new may be wrong, so the time of the signature does not count.
func (g *gate) enrol(w http.ResponseWriter, r *door.Request) error {
	s, err := readSignature(r.Request)
	if err != nil {
		return err
	}
	body, err := s.body(w, r, maxEnrolment)
	if err != nil {
		return err
	}
	code, h, err := readEnrolment(body)
	if err != nil {
		return err
	}
	device, account, err := g.Rules.Enrol(r.Context(), control.Enrolment{
		Code: code, Key: s.key, Kind: h.Kind, System: h.System, Version: h.Version, Abilities: h.Abilities,
		Hostname: h.Hostname, HardwareID: h.HardwareID, MACs: h.MACs, Facts: h.Facts, Address: r.Caller.Address,
	})
	if err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, link.Enrolled{
		Device: device.ID, Account: account.No, Address: link.Address(device.No),
		Agents: g.Agents, TLS: g.AgentsTLS, At: g.Now().UTC(),
	})
}

// readEnrolment reads what an agent that is not known says. It trusts nothing
// in it.
func readEnrolment(body []byte) (code string, h said.Hello, err error) {
	var e link.Enrolment
	if err := json.Unmarshal(body, &e); err != nil {
		return "", h, reeve.Errorf(reeve.Invalid, "the enrolment is not the JSON that it should be; use an agent that fits this server")
	}
	if e.Code == "" || len(e.Code) > maxCode {
		return "", h, reeve.Errorf(reeve.Denied, "the registration code is not valid; ask the administrator for another")
	}
	if h, err = said.CheckHello(e.Hello); err != nil {
		return "", h, reeve.Errorf(reeve.Invalid, "the enrolment cannot be used: %v", err)
	}
	return e.Code, h, nil
}

// device returns whom a signature belongs to. Deleted devices may do nothing
// here but leave.
func (g *gate) device(ctx context.Context, s signature) (device, account int64, err error) {
	if err := s.recent(g.Now()); err != nil {
		return 0, 0, err
	}
	d, account, err := g.Rules.Recognise(ctx, s.key)
	if err == nil && d.Class.Standing == reeve.Archived {
		err = reeve.Errorf(reeve.Denied, "this device was deleted; its key is not good for anything any more")
	}
	return d.No, account, err
}

// retire lets a device leave by its own wish.
func (g *gate) retire(w http.ResponseWriter, r *door.Request) error {
	s, err := readSignature(r.Request)
	if err != nil {
		return err
	}
	body, err := s.body(w, r, maxRetirement)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, new(link.Retirement)); err != nil {
		return reeve.Errorf(reeve.Invalid, "the body must be a JSON object")
	}
	if err := s.recent(g.Now()); err != nil {
		return err
	}
	if err := g.Rules.Leave(r.Context(), s.key, r.Caller.Address); err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, struct{}{})
}
