// Package line is the agent's end of the connection to its server: what the
// real agent and the simulated ones share. It checks the server against a pin,
// enrols, uploads and leaves over HTTPS, and holds the connection to the
// message bus on which orders come in and reports go out.
//
// Whatever it hands on was checked: an order bears the seal of the pinned
// server for this device and this account. What an order means, whether it came
// before and what becomes of it are its user's to say.
//
// Twenty thousand of these connections must fit into one program, and one into
// the few megabytes of a real agent. So it speaks the little that it needs of
// the NATS protocol itself, on one goroutine and one small buffer a connection.
// It imports only internal/link and internal/seal.
package line
