package doortest

import (
	"context"
	"crypto/rand"
	"time"

	"reeve"
)

// Elsewhere is a provider where whoever goes is let in under the name that the
// code says: for tests of what comes of it. What a real one has to show is tested
// in internal/sso.
type Elsewhere struct{ operator string }

// Name and Issuer are what people and the provider itself call it.
func (*Elsewhere) Name() string   { return "Elsewhere" }
func (*Elsewhere) Issuer() string { return "https://login.example.org" }

// Begin sends a browser to the provider.
func (e *Elsewhere) Begin(_ context.Context, operator string) (reeve.Journey, error) {
	e.operator = operator
	return reeve.Journey{URL: e.Issuer() + "/authorize", State: "state", Until: time.Now().Add(time.Minute)}, nil
}

// Finish returns who came back.
func (e *Elsewhere) Finish(_ context.Context, a reeve.Arrival) (reeve.Visitor, error) {
	if a.State != "state" || a.Code == "" {
		return reeve.Visitor{}, reeve.Errorf(reeve.Denied, "nobody came back; try again")
	}
	return reeve.Visitor{Issuer: e.Issuer(), Subject: a.Code, Name: a.Code, For: e.operator,
		OneUse: reeve.OneUse{Mark: rand.Text(), Until: time.Now().Add(time.Minute)}}, nil
}
