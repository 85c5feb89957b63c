// Package client speaks to a Reeve server over Reeve's own API, /api/v1. The
// command line uses nothing else, and other Go programs may use it too. Its
// types are the shapes of that API: the server answers with the same ones.
//
// It imports only the standard library.
package client
