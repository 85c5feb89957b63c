// Package seal holds what is signed and chained: the seal of a job, which lets
// an agent check that its command was ordered by this server, and the chain and
// checkpoints of the log. It works on plain fields and bytes and is linked into
// both ends, so it imports only the standard library.
//
// A job's commands are the leaves of a Merkle tree. The server signs the job's
// header, the number of leaves and the root once; an agent receives its leaf's
// path to the root and checks everything against the root key that it pinned.
package seal
