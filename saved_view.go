package reeve

import (
	"context"
	"time"
)

// A SavedView is a list of devices that somebody wants to see again: which, in
// what order, with which columns.
type SavedView struct {
	ID       string // 32 hex digits
	Account  int64
	Operator string // whose it is; empty for one that all operators of the account share
	Name     string // unique among the operator's, or among the shared ones
	Query    string // what the address of the list says behind its question mark
	SavedBy  string // the name of who saved it last
	Saved    time.Time
}

// A SavedViewStore keeps views. An operator who is removed takes his own along.
type SavedViewStore interface {
	// SaveView adds a view, or replaces the query of the one with its operator and
	// name, which keeps its id. TooLarge if there would be more than most of the
	// operator's, or of the shared ones; NotFound without such an operator.
	SaveView(ctx context.Context, v SavedView, most int, entry AuditEntry) error
	// SavedViews returns the operator's views and the shared ones, by name.
	SavedViews(ctx context.Context, account int64, operator string) ([]SavedView, error)
	// RemoveView removes the account's view with this id, if it is the operator's;
	// an empty operator stands for the shared ones.
	RemoveView(ctx context.Context, account int64, operator, id string, entry AuditEntry) error
}
