// Package swarm simulates agents that speak the real protocol: many devices in
// one process, each with its own key, connection and journal. It is the load
// tool, the demo's fleet and the tests' other side in one.
//
// A simulated device is one goroutine that reads its connection, and a timer
// while it pretends to work. Everything about it, its key, its addresses, how
// long it takes and whether it fails, follows from the seed and its number, so
// a second run with the same seed is the same devices.
//
// It may import the words, the catalogue, internal/link, internal/seal and
// internal/agent/line, but nothing of the server.
package swarm
