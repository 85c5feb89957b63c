// Package link is what travels between server and agent: the subjects of the
// message bus, the messages on them, and the bodies of the agents' HTTPS door.
// Old agents live for years, so it knows none of the server's words; it imports
// only internal/seal. Messages are JSON. A receiver ignores members that it does
// not know, and a new member must be one that old receivers may ignore.
package link

// Protocol is the newest version of the protocol that this program speaks; the
// number in the first word of every subject is its major part.
//
//   - 1, 2026-11-21: first version. Orders with a seal per job, reports,
//     acknowledgements, cancellations, Hello and Welcome, beats.
//   - 1, 2026-11-22: an agent may ask how much of an upload came (Received) and
//     send the rest (HeaderOffset). A server that answers such a question with
//     405 is older, and is sent the whole file.
//   - 1, 2026-11-22: settings of agents: settings in Welcome, the verb settle, and
//     two paths of the HTTPS door. Agents before it hear nothing of them.
//   - 1, 2026-11-22: agents say Hello again when something in it has changed,
//     with more facts; and tell of machines that they saw (saw).
//   - 1, 2026-11-22: the server may have the commands of a job hold back and go
//     on (Pause). An agent that does not know of it goes on.
//   - 1, 2026-11-22: reports on answers say through which door and from whom.
const Protocol = 1
