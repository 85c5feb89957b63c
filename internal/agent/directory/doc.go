// Package directory reads the computer accounts of an Active Directory over
// LDAPS, as a user who may only read: so that machines without an agent are
// known. It speaks the little of LDAP that this takes (RFC 4511: a simple bind,
// searches page by page) itself, since a library for all of it would cost every
// agent more memory than the work does.
//
// It imports the root words and the standard library.
package directory
