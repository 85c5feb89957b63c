// Package proof holds the tests of the whole product and no code of its own. They
// run the real programs, as processes on loopback or in network namespaces, and
// kill them, cut them off, lie to them, and change their files behind their
// backs; then they ask by way of the API, and count outside of everything that
// is being tested, whether what was promised holds.
//
// Its tests may import every room. The long ones end in Proof and need
// REEVE_PROOF=1; the others run with the rest.
package proof
