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
	reeve.RepeatStore
	reeve.OutletStore
	reeve.ThreatStore
	reeve.OverviewStore
	reeve.TimelineStore
	reeve.SetStore
	reeve.DiscoveryStore
	reeve.PasskeyStore
	reeve.LinkStore
	reeve.SavedViewStore
	reeve.SessionStore
	reeve.FactorStore
	reeve.FailureStore
	reeve.ProposalStore
}

// Test runs the suite. Open returns an empty store, and arranges its end. It is
// called anew for every test.
func Test(t *testing.T, open func(testing.TB) Store) {
	t.Run("accounts", func(t *testing.T) { testAccounts(t, open) })
	t.Run("credentials", func(t *testing.T) { testCredentials(t, open) })
	t.Run("operators", func(t *testing.T) { testOperators(t, open) })
	t.Run("sessions", func(t *testing.T) { testSessions(t, open) })
	t.Run("factors", func(t *testing.T) { testFactors(t, open) })
	t.Run("grants", func(t *testing.T) { testGrants(t, open) })
	t.Run("passkeys", func(t *testing.T) { testPasskeys(t, open) })
	t.Run("links", func(t *testing.T) { testLinks(t, open) })
	t.Run("saved views", func(t *testing.T) { testSavedViews(t, open) })
	t.Run("codes", func(t *testing.T) { testCodes(t, open) })
	t.Run("groups", func(t *testing.T) { testGroups(t, open) })
	t.Run("devices", func(t *testing.T) { testDevices(t, open) })
	t.Run("describe", func(t *testing.T) { testDescribe(t, open) })
	t.Run("restore", func(t *testing.T) { testRestore(t, open) })
	t.Run("lists", func(t *testing.T) { testLists(t, open) })
	t.Run("enrolments", func(t *testing.T) { testEnrolments(t, open) })
	t.Run("presence", func(t *testing.T) { testPresence(t, open) })
	t.Run("placing", func(t *testing.T) { testPlacing(t, open) })
	t.Run("effects", func(t *testing.T) { testEffects(t, open) })
	t.Run("repeats", func(t *testing.T) { testRepeats(t, open) })
	t.Run("claims", func(t *testing.T) { testClaims(t, open) })
	t.Run("jobs", func(t *testing.T) { testJobs(t, open) })
	t.Run("orders", func(t *testing.T) { testOrders(t, open) })
	t.Run("reports", func(t *testing.T) { testReports(t, open) })
	t.Run("threats", func(t *testing.T) { testThreats(t, open) })
	t.Run("identify", func(t *testing.T) { testIdentify(t, open) })
	t.Run("deadlines", func(t *testing.T) { testDeadlines(t, open) })
	t.Run("log", func(t *testing.T) { testLog(t, open) })
	t.Run("log about", func(t *testing.T) { testLogAbout(t, open) })
	t.Run("changes", func(t *testing.T) { testChanges(t, open) })
	t.Run("prune", func(t *testing.T) { testPrune(t, open) })
	t.Run("windows", func(t *testing.T) { testWindows(t, open) })
	t.Run("outlets", func(t *testing.T) { testOutlets(t, open) })
	t.Run("sets", func(t *testing.T) { testSets(t, open) })
	t.Run("discoveries", func(t *testing.T) { testDiscoveries(t, open) })
	t.Run("overviews", func(t *testing.T) { testOverviews(t, open) })
	t.Run("timelines", func(t *testing.T) { testTimelines(t, open) })
	t.Run("finding", func(t *testing.T) { testFinding(t, open) })
	t.Run("proposals", func(t *testing.T) { testProposals(t, open) })
	t.Run("everything", func(t *testing.T) { testEverything(t, open) })
}

// suite runs tests in their order here, each in a world of its own.
type suite struct {
	t    *testing.T
	open func(testing.TB) Store
}

func (s suite) run(name string, test func(w *world)) {
	s.t.Run(name, func(t *testing.T) {
		t.Parallel()
		test(begin(t, s.open))
	})
}
