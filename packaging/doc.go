// Package packaging holds what scripts/dist.sh makes packages and archives of,
// and the tests of these. It has no code and imports nothing.
package packaging
