package link

import (
	"fmt"
	"strconv"
	"strings"
)

// Subjects are v1.ADDRESS.VERB. An agent may publish and subscribe only under
// its own address, which the server gave it and the connection's key proves.
const (
	// To the agent.
	VerbOrder   = "order"   // one Order
	VerbAck     = "ack"     // an Ack: these final reports are stored
	VerbCancel  = "cancel"  // a Cancel
	VerbPause   = "pause"   // a Pause
	VerbWelcome = "welcome" // a Welcome, the answer to Hello
	VerbSettle  = "settle"  // a Notice: other settings may be in force
	// From the agent.
	VerbHello  = "hello"  // a Hello, first thing on every connection
	VerbBeat   = "beat"   // empty: still here
	VerbBye    = "bye"    // empty: leaving on purpose
	VerbReport = "report" // one Report
	VerbSaw    = "saw"    // Sightings
)

const prefix = "v1."

// Address returns the word by which a device is addressed. To the agent it is
// opaque.
func Address(device int64) string { return strconv.FormatInt(device, 36) }

// ParseAddress is the reverse of Address.
func ParseAddress(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 36, 64)
	if err != nil || n <= 0 || Address(n) != s {
		return 0, fmt.Errorf("%q is not an agent's address", s)
	}
	return n, nil
}

// Subject returns the subject for a verb at an address; "*" is every address
// and ">" as the verb is every verb.
func Subject(address, verb string) string { return prefix + address + "." + verb }

// ParseSubject returns the device and verb of a subject. Of the verb it says only
// that it is one word.
func ParseSubject(subject string) (device int64, verb string, err error) {
	rest, ok := strings.CutPrefix(subject, prefix)
	address, verb, _ := strings.Cut(rest, ".")
	if !ok || verb == "" || strings.Contains(verb, ".") {
		return 0, "", fmt.Errorf("%q is not a subject of this protocol", subject)
	}
	device, err = ParseAddress(address)
	return device, verb, err
}
