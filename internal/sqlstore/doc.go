// Package sqlstore keeps everything in SQLite or PostgreSQL, behind the store
// interfaces of the root package. One SQL text serves both wherever it can; what
// differs is behind the database interface, in sqlite*.go and postgres*.go.
//
// Who changes device rows in bulk holds the lock of their account's row, and
// who changes commands holds the lock of their job's row; locks are taken in
// the order accounts, devices, jobs, commands, what belongs to a device, log
// heads, and within one table by rising key. So no two transactions wait for
// each other. SQLite has one writer and needs none of this.
//
// It imports the root words, internal/seal for the chain of the log, the two
// drivers and the migrations' library.
package sqlstore
