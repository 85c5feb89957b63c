// Package cmapi is the published API that Reeve is compatible with: its paths,
// names, shapes, status codes and quirks, and nothing of the rules behind them.
// A version of an endpoint is a row of a table; one handler serves all rows of
// an endpoint. README.md tells how to add the next.
//
// It imports the root words, internal/action, internal/control, internal/door,
// internal/look and internal/trail.
package cmapi

import (
	"context"
	"io"
	"time"

	"reeve"
	"reeve/internal/control"
	"reeve/internal/door"
	"reeve/internal/trail"
)

// Rules is what the published API asks of internal/control.
type Rules interface {
	Grant(ctx context.Context, clientID, secret string) (control.Granted, error)
	Redeem(ctx context.Context, clientID, secret string, r control.Redemption) (control.Granted, error)
	Refresh(ctx context.Context, clientID, secret, token string, from control.From) (control.Granted, error)
	Asking(ctx context.Context, ask control.Ask) (reeve.App, error)
	SignIn(ctx context.Context, ask control.Ask, name, password string) (control.Agreement, error)
	Agree(ctx context.Context, ask control.Ask, secret string) (string, error)
	Place(ctx context.Context, caller reeve.Caller, o control.Order) (control.Placement, error)
	Describe(ctx context.Context, caller reeve.Caller, id string, d reeve.Description) error
	Asked(ctx context.Context, license string, id reeve.CommandID) (control.Questionnaire, error)
	Identify(ctx context.Context, license string, id reeve.CommandID, answers map[string]string, from control.From) error
}

// Files opens what agents uploaded, by command id. A file that is not there, or
// not any more, is NotFound.
type Files interface {
	Open(ctx context.Context, name string) (io.ReadSeekCloser, error)
}

// A Config says what the API works with. All members are needed but those with
// a default.
type Config struct {
	Rules    Rules
	Accounts Accounts
	Devices  reeve.DeviceStore
	Groups   reeve.GroupStore
	Jobs     reeve.JobStore
	Threats  reeve.ThreatStore
	Trail    trail.Store
	Files    Files
	// Public is the URL by which others reach this server, without a slash at its
	// end: links begin with it.
	Public string
	// Mark makes remediation links good: nobody else can tell it for the license
	// key of an account and the id of a device.
	Mark func(license, device string) string
	// AnswerMark does the same for the page where a user answers a command.
	AnswerMark func(license, command string) string
	Now        func() time.Time // default time.Now
	MaxBody    int64            // largest body of Device Action in bytes; default DefaultMaxBody
}

// DefaultMaxBody is the largest body of Device Action, enough for 100,000
// devices in any spelling. Other bodies are held to smallBody.
const (
	DefaultMaxBody = 16 << 20
	smallBody      = 1 << 20
)

type api struct{ Config }

// Routes returns the whole published surface.
func Routes(c Config) door.API {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxBody == 0 {
		c.MaxBody = DefaultMaxBody
	}
	a := &api{c}
	var routes []door.Route
	for _, family := range families {
		routes = append(routes, family(a)...)
	}
	return door.API{
		QueryToken: true,
		Source:     func(reeve.App) reeve.Source { return reeve.FromOAuthAPI },
		Routes:     routes,
		Absent:     NotOffered,
	}
}

// Pages returns the pages for people that the manual does not know.
func Pages(c Config) door.API {
	a := &api{c}
	return door.API{Routes: a.identifyRoutes()}
}

// families are the endpoints of the published API, each with all its versions:
// a file of this room.
var families = []func(*api) []door.Route{
	(*api).tokenRoutes,
	(*api).authorizeRoutes,
	(*api).actionRoutes,
	(*api).reportRoutes,
	(*api).deviceListRoutes,
	(*api).deviceSearchRoutes,
	(*api).deviceStatsRoutes,
	(*api).deviceDetailRoutes,
	(*api).deviceInfoRoutes,
	(*api).policyCheckRoutes,
	(*api).remediationRoutes,
	(*api).linkUserRoutes,
	(*api).threatRoutes,
	(*api).accountRoutes,
	(*api).accountConfigRoutes,
	(*api).groupRoutes,
	(*api).logRoutes,
	(*api).statusChangeRoutes,
}

// at is the path of an endpoint in one version.
func at(segment, path string) string { return "/o/api/" + segment + "/" + path }
