// Package keys holds a server's own keys: the root key by which agents know it,
// the seal key that signs orders, the key that marks the heads of logs, and the
// certificates of its ports. They live in one folder, outside the database, and
// are made when that folder is first used.
//
// It may import the root words and internal/seal.
package keys
