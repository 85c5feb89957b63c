// Package scan looks for threats. One pass goes over the places it is given,
// folders above all, opens every file once and shows it to several engines
// side by side; then it says what they found, what they could not judge and
// what nobody looked at.
//
// What an engine must do is in engine.go. One is built into the agent; others
// stand in front of programs of the machine. Only they hold signatures, and
// only while a pass is under way: memory does not grow with the tree, and
// nothing is kept once the pass is over.
//
// It imports the standard library alone. What differs between systems, opening
// a file without side effects, telling file systems apart and starting
// programs, is handed in.
package scan
