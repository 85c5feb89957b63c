// Package courier is the server's end of the message bus: it gives orders to
// the agents that are connected, brings their reports to the store, and knows
// who is there. The store is the truth and the bus only carries: whatever is
// lost on the way is sent again.
//
// Who speaks is never read from a message. It follows from the subject, which
// the bus lets a connection use only after it proved the device's key.
//
// It may import the root words, internal/control for the calls it answers,
// internal/manifest for the settings it tells of, internal/said, internal/link
// and internal/seal, and NATS.
package courier
