// Package reeve holds the words of Reeve, a self-hosted control plane for
// device actions: accounts and their devices, jobs and their commands, the
// people and programs who ask, the log that remembers, and the stores that keep
// all of it.
//
// It imports nothing but the standard library, and every other room may import
// it. Rules live in internal/control, SQL in internal/sqlstore, the published
// wire in internal/cmapi.
package reeve
