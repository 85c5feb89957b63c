// Package agent is the loop of the real agent: it connects, remembers, runs and
// reports.
//
// Every order is entered in the journal, durably, before anything is done about
// it, and its report is kept there until the server has it. So a command that
// comes twice takes effect once, and one that a crash interrupted is either
// resumed, where that is harmless, or reported as interrupted.
//
// It imports the words, internal/link, the catalogue of actions and the agent's
// own rooms below it. What differs between systems is the business of
// internal/agent/host.
package agent
