package cmapi

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"

	"reeve"
	"reeve/internal/action"
	"reeve/internal/control"
	"reeve/internal/door"
)

// A deviceAction is one version of an endpoint that orders an action, and what
// it does differently. Which actions it offers and whom they apply to follows
// from internal/action.
type deviceAction struct {
	segment, path string
	rate          string
	rules         action.Version
	inURL         bool // the request is in the URL alone; a body is not read
	decode        func(v deviceAction, in actionInput) (actionRequest, error)
	encode        func(v deviceAction, a actionAnswer) []byte
	// commandIDs is whether the elements of the answer have a command_id, which
	// came with fetch_agent_log in v3.1.
	commandIDs bool

	// What follows is for v2 alone.
	by    string            // the parameter that says which action
	words map[string]string // the action that a value of it means
	done  string            // what is said of success

	page door.Page
}

// Source: "Device Action" v3.0 to v3.3 of the OAuth API manual.
var deviceActions = actionsV3(
	deviceAction{segment: "v3", rules: action.V3},
	deviceAction{segment: "v3.1", rules: action.V3_1, commandIDs: true},
	deviceAction{segment: "v3.2", rules: action.V3_2, commandIDs: true},
	deviceAction{segment: "v3.3", rules: action.V3_3, commandIDs: true},
)

// actionsV3 adds what the versions of v3 have in common.
func actionsV3(versions ...deviceAction) []deviceAction {
	for i := range versions {
		v := &versions[i]
		v.path, v.rate, v.decode, v.encode = "devices/action", "devices/action", decodeActionV3, encodeActionV3
		v.page = actionPage(*v)
	}
	return versions
}

func (a *api) actionRoutes() []door.Route {
	var routes []door.Route
	for _, v := range slices.Concat(deviceActions, deviceActionsV2) {
		routes = append(routes, door.Route{
			Method: "POST", Path: at(v.segment, v.path),
			Scope: reeve.Write, Rate: v.rate, Verb: "job_placed", Repeats: true, Serve: a.act(v), Page: &v.page,
		})
	}
	return routes
}

// An actionInput is what a request brings: a value in its path, a query, a body.
type actionInput struct {
	value string
	query url.Values
	body  []byte
}

// digest tells requests with one Idempotency-Key apart. A token in the query
// is no part of what is asked for.
func (in actionInput) digest(v deviceAction) [32]byte {
	if v.inURL {
		return sha256.Sum256([]byte(in.value + "\x00" + in.query.Get("types") + "\x00" + in.query.Get("opt")))
	}
	return sha256.Sum256(in.body)
}

// An actionRequest is a decoded request, and an actionAnswer what became of it.
type (
	actionRequest struct {
		order   control.Order
		sent    []string // ids or MACs as they were spelt
		reasons bool     // the caller knows Reeve enough to read why
	}
	actionAnswer struct {
		sent      []string
		placement control.Placement
		returns   bool // the action's results are fetched by command id
		dryRun    bool
		reasons   bool
	}
)

// act serves one version: one request, one job.
func (a *api) act(v deviceAction) func(http.ResponseWriter, *door.Request) error {
	return func(w http.ResponseWriter, r *door.Request) (err error) {
		in := actionInput{value: r.PathValue("value"), query: r.URL.Query()}
		if !v.inURL {
			if in.body, err = r.JSON(w, a.MaxBody); err != nil {
				return err
			}
		}
		request, err := v.decode(v, in)
		if err != nil {
			return err
		}
		order := request.order
		if order.Key, err = r.RepeatKey(); err != nil {
			return err
		}
		if order.Approved, err = r.ApprovedJob(""); err != nil {
			return err
		}
		if order.Key != "" {
			order.Route, order.Body = r.Pattern, in.digest(v)
		}
		order.Version = v.rules
		placement, err := a.Rules.Place(r.Context(), r.Caller, order)
		if err != nil {
			return err
		}
		if placement.Repeated {
			door.Replayed(w)
		}
		definition, _ := action.Lookup(order.Action)
		return door.WriteBytes(w, http.StatusOK, v.encode(v, actionAnswer{
			sent: request.sent, placement: placement, returns: definition.Returns, dryRun: order.DryRun, reasons: request.reasons,
		}))
	}
}

// decodeActionV3 reads the body of v3 and its minor versions. The object
// "reeve" is ours; other servers ignore it.
func decodeActionV3(_ deviceAction, in actionInput) (actionRequest, error) {
	var (
		types     string
		ids, macs []string
		params    json.RawMessage
		own       json.RawMessage
	)
	members := object{"types": &types, "ids": &ids, "macs": &macs, "params": &params, "reeve": &own}
	if err := members.read(in.body); err != nil {
		return actionRequest{}, err
	}
	if types == "" {
		return actionRequest{}, reeve.Errorf(reeve.Invalid, "types is missing; name the action, such as exempt")
	}
	out := actionRequest{order: control.Order{Action: types, IDs: ids, MACs: macs, Params: params}, sent: ids}
	if ids == nil {
		out.sent = macs
	}
	err := readOwn(own, &out)
	return out, err
}

// maxDeliverWithin is the most seconds that fit a time.Duration many times over.
const maxDeliverWithin = 10 * 365 * 24 * 60 * 60

// readOwn reads the members that only Reeve has.
func readOwn(own json.RawMessage, out *actionRequest) error {
	if len(own) == 0 {
		return nil
	}
	var (
		offline string
		deliver *int64
		o       = &out.order
	)
	members := object{"dry_run": &o.DryRun, "comment": &o.Comment, "deliver_within": &deliver, "offline": &offline}
	if err := members.readStrict("reeve", own); err != nil {
		return err
	}
	if deliver != nil {
		if *deliver < 1 || *deliver > maxDeliverWithin {
			return reeve.Errorf(reeve.Invalid, "reeve.deliver_within must be a number of seconds from 1 to %d", maxDeliverWithin)
		}
		o.DeliverWithin = time.Duration(*deliver) * time.Second
	}
	switch offline {
	case "", "queue":
	case "skip":
		o.SkipAway = true
	default:
		return reeve.Errorf(reeve.Invalid, "reeve.offline must be queue or skip")
	}
	out.reasons = o.DryRun || offline != ""
	return nil
}

// encodeActionV3 writes one element for each entry of the request, in its
// order. It is written by hand: of 100,000 elements the standard library makes
// a tenth of the whole request's time.
func encodeActionV3(v deviceAction, a actionAnswer) []byte {
	b := make([]byte, 0, 2+100*len(a.sent))
	b = append(b, '[')
	for i, sent := range a.sent {
		if i > 0 {
			b = append(b, ',')
		}
		out := a.placement.Outcomes[i]
		b = appendString(append(b, `{"id":`...), sent)
		switch out.Status {
		case 1:
			b = append(b, `,"status":1`...)
		case 0:
			b = append(b, `,"status":0`...)
		default:
			b = append(b, `,"status":-1`...)
		}
		if v.commandIDs {
			b = append(b, `,"command_id":"`...)
			if a.returns && out.Status == 1 && !a.dryRun {
				b = append(b, reeve.CommandID{Job: a.placement.Job.ID, Leaf: out.Leaf}.String()...)
			}
			b = append(b, '"')
		}
		if a.reasons {
			b = appendString(append(b, `,"reason":`...), reasonWord(out))
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// reasonWord says why an entry has its status; "" if the action applies.
func reasonWord(o control.Outcome) string {
	if o.Status == 0 && o.Reason == reeve.NoReason {
		return "not_found"
	}
	return o.Reason.String()
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string cannot fail
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
