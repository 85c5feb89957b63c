// Package storetest says what every store owes, as one suite of tests that runs
// against each of them: what is not tested here is not promised. It imports the
// root words, internal/seal to check the chain of the log, and the libraries of
// its tests.
package storetest

import (
	"testing"

	"reeve"
)

// A Store is everything that this suite tests.
type Store interface {
	reeve.AccountStore
	reeve.CredentialStore
	reeve.CodeStore
	reeve.GroupStore
	reeve.DeviceStore
	reeve.EnrolStore
	reeve.PresenceStore
	reeve.JobStore
	reeve.OrderStore
	reeve.LogStore
	reeve.WindowStore
}

// Test runs the suite. Open returns an empty store, which it arranges to close.
func Test(t *testing.T, open func(testing.TB) Store) {
	for _, part := range []struct {
		name string
		test func(*testing.T, func(testing.TB) Store)
	}{
		{"placing", testPlacing},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.test(t, open)
		})
	}
}
