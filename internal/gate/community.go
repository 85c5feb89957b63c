package gate

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"net/http"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/said"
)

// An open-source agent of the same product family speaks a protocol of its own.
// With a registration code that allows it, such a device becomes a managed one
// that pings, reports and leaves; it takes no orders.
//
// Source: the community agent's protocol, of which the calls and their headers
// are known from the agent, and the answers only as far as it reads them.

// A Pulse is told what community agents say, as the message bus is by others.
type Pulse interface {
	// Heard notes that a device is there.
	Heard(device int64)
	// Said passes on what a device says of itself.
	Said(m reeve.Meeting)
}

// Headers of the protocol.
const (
	headerCode  = "Gears-Auth"
	headerKey   = "Gears-Access-Key"
	headerToken = "Gears-Access-Token"
)

const (
	communityRegister = "/api/v2/accounts/devices/registration_code"
	communityAddress  = "/api/v2/accounts/{license}/devices/{device}"
)

func (g *gate) communityRoutes() []door.Route {
	routes := []door.Route{
		{Method: http.MethodPost, Path: communityRegister, Verb: "device_enrolled", Serve: g.register, Page: &door.Page{
			About: "Gives the device a place in the account of its registration code, which must allow the protocol.",
			Inputs: []door.Field{
				{Name: headerCode, In: "header", Type: "string", About: "the registration code"},
				{Name: "device_name", In: "body", Type: "string", About: "needed: 1 to 253 characters"},
				{Name: "agent_version, device_type", In: "body", Type: "string", About: "shown in the inventory"},
				{Name: "os", In: "body", Type: "object", About: "family, name, version, architecture; needed, unless an adapter has a MAC address"},
				{Name: "network_adapter_info[]", In: "body", Type: "object", About: "description, mac, ipv4, ipv6; adapters without a MAC address are passed by"},
				{Name: "local_user[].name", In: "body", Type: "string", About: "the first one counts as logged in"},
			},
			Answer: []door.Field{
				{Name: "license_key", Type: "string", About: "names the account in later paths"},
				{Name: "device_id", Type: "string", About: "32 hex digits, the id in every other API"},
				{Name: "access_key", Type: "string", About: "secret; the server keeps only a digest of it and of the token"},
				{Name: "access_token", Type: "string", About: "secret"},
			},
		}},
		{Method: http.MethodPost, Path: communityAddress + "/ping", Serve: g.ping, Page: &door.Page{
			About: "Keeps the device online. It counts as away after four minutes of silence.", Inputs: communityCredential,
		}},
		{Method: http.MethodPut, Path: communityAddress + "/report/health", Serve: g.health, Page: &door.Page{
			About: "Reports name and version of the device's agent.",
			Inputs: append(communityCredential,
				door.Field{Name: "hostname, device_name, agent_version", In: "body", Type: "string", About: "what is missing stays as it was"},
				door.Field{Name: "soh", In: "body", Type: "object", Unknown: "taken and not kept: Reeve has no policies to judge it by"}),
		}},
		{Method: http.MethodDelete, Path: communityAddress, Verb: "job_placed", Serve: g.unregister, Page: &door.Page{
			About: "The device leaves the inventory. A repeat is fine.", Inputs: communityCredential,
		}},
	}
	for i := range routes {
		r := &routes[i]
		r.Credentials, r.Counter, r.Page.Family = true, "agent", "Community agent"
		r.Page.Source = "the open-source agent's own calls"
		if r.Page.Answer == nil {
			r.Page.Answer, r.Page.Notes = door.None, []string{"The answer is an empty object; the agent reads only its status."}
		}
	}
	return routes
}

// communityCredential is how a registered agent shows who it is.
var communityCredential = []door.Field{
	{Name: "license, device", In: "path", Type: "string", About: "as in the answer to the registration"},
	{Name: headerKey, In: "header", Type: "string", About: "the access key"},
	{Name: headerToken, In: "header", Type: "string", About: "the access token"},
}

// communityKey stands in for the public key that such an agent does not have.
// Nobody can hold the private key of a digest, so what is known by this key is
// known to this door alone.
func communityKey(accessKey, accessToken string) reeve.Key {
	return sha256.Sum256([]byte("reeve community agent\n" + accessKey + "\n" + accessToken))
}

// register gives the agent a place in the account of its code. Each call makes
// a credential of its own: the agent stores what it is answered.
func (g *gate) register(w http.ResponseWriter, r *door.Request) error {
	body, err := r.JSON(w, said.MaxCommunity)
	if err != nil {
		return err
	}
	code := r.Header.Get(headerCode)
	if code == "" || len(code) > maxCode {
		return reeve.Errorf(reeve.Denied, "the registration code in the header %s is missing or not valid; ask the administrator for another", headerCode)
	}
	h, err := said.ReadRegistration(body)
	if err != nil {
		return reeve.Errorf(reeve.Invalid, "the registration cannot be used: %v", err)
	}
	accessKey, accessToken := rand.Text(), rand.Text()
	device, account, err := g.Rules.Enrol(r.Context(), control.Enrolment{
		Code: code, Community: true, Key: communityKey(accessKey, accessToken), Kind: h.Kind, System: h.System,
		Version: h.Version, Hostname: h.Hostname, MACs: h.MACs, Facts: h.Facts, Address: r.Caller.Address,
	})
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return door.Write(w, http.StatusOK, struct {
		LicenseKey  string `json:"license_key"`
		DeviceID    string `json:"device_id"`
		AccessKey   string `json:"access_key"`
		AccessToken string `json:"access_token"`
	}{account.LicenseKey, device.ID, accessKey, accessToken})
}

// communityDevice returns the device that a request's headers stand for. The
// path must name it too, and its account.
func (g *gate) communityDevice(r *door.Request) (reeve.Device, reeve.Key, error) {
	refused := reeve.Errorf(reeve.Denied, "no device has this access key and token at this address; register the agent again")
	key := communityKey(r.Header.Get(headerKey), r.Header.Get(headerToken))
	d, account, err := g.Rules.Recognise(r.Context(), key)
	if err != nil {
		return d, key, err
	}
	owner, err := g.Rules.Account(r.Context(), account)
	if err != nil {
		return d, key, err
	}
	if d.ID != r.PathValue("device") || owner.LicenseKey != r.PathValue("license") {
		return d, key, refused
	}
	return d, key, nil
}

// present is communityDevice for those that were not deleted.
func (g *gate) present(r *door.Request) (reeve.Device, error) {
	d, _, err := g.communityDevice(r)
	if err == nil && d.Class.Standing == reeve.Archived {
		err = reeve.Errorf(reeve.Denied, "this device was deleted; register the agent again")
	}
	return d, err
}

func (g *gate) ping(w http.ResponseWriter, r *door.Request) error {
	d, err := g.present(r)
	if err != nil {
		return err
	}
	g.Pulse.Heard(d.No)
	return door.Write(w, http.StatusOK, struct{}{})
}

// health takes from a report what differs from what is known.
func (g *gate) health(w http.ResponseWriter, r *door.Request) error {
	body, err := r.JSON(w, said.MaxCommunity)
	if err != nil {
		return err
	}
	d, err := g.present(r)
	if err != nil {
		return err
	}
	h, err := said.ReadHealth(body)
	if err != nil {
		return reeve.Errorf(reeve.Invalid, "the report cannot be used: %v", err)
	}
	g.Pulse.Heard(d.No)
	g.Pulse.Said(reeve.Meeting{
		Device: d.No, Version: cmp.Or(h.Version, d.Class.Version), Hostname: cmp.Or(h.Hostname, d.Hostname),
		MACs: d.MACs, Facts: d.Facts, Address: r.Caller.Address,
	})
	return door.Write(w, http.StatusOK, struct{}{})
}

// unregister lets the device leave; a repeat is fine.
func (g *gate) unregister(w http.ResponseWriter, r *door.Request) error {
	_, key, err := g.communityDevice(r)
	if err != nil {
		return err
	}
	if err := g.Rules.Leave(r.Context(), key, r.Caller.Address); err != nil {
		return err
	}
	return door.Write(w, http.StatusOK, struct{}{})
}
