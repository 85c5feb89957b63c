package link

import "time"

// Paths of the agents' HTTPS door, on the address that serves the API.
const (
	PathIdentity = "/agent/v1/identity" // GET: an Identity
	PathEnrol    = "/agent/v1/enrol"    // POST an Enrolment: an Enrolled
	PathUpload   = "/agent/v1/uploads/" // + command id; PUT: a file that the command allows; GET: Received of it
	PathRetire   = "/agent/v1/retire"   // POST a Retirement: the device leaves by its own wish
)

// Headers with which an agent signs a request. The signature is made with the
// device's key over SignedRequest.
const (
	HeaderKey       = "Reeve-Key"       // device public key, standard base64
	HeaderSignature = "Reeve-Signature" // standard base64
	HeaderDigest    = "Reeve-Digest"    // hex SHA-256 of the body; about an upload, of the whole file
	HeaderTime      = "Reeve-Time"      // Unix seconds by the agent's idea of server time
)

// HeaderOffset says with an upload how many bytes of the file came before this
// body; without it there are none. It needs no signature: a file that is put
// together wrongly has another digest.
const HeaderOffset = "Reeve-Offset"

// RequestSkew is how far the time of a signed request may be from the
// server's.
const RequestSkew = 10 * time.Minute

// SignedRequest returns the bytes that an agent signs for one request.
func SignedRequest(method, path, digest, unixTime string) []byte {
	return []byte("reeve request 1\n" + method + "\n" + path + "\n" + digest + "\n" + unixTime)
}

// An Identity lets an agent check, before it sends anything, that the TLS
// connection ends at the server it pinned.
type Identity struct {
	Root        []byte `json:"root"`        // public key, PKIX DER; its SHA-256 is the pin
	RootCert    []byte `json:"root_cert"`   // the same key as a certificate authority, DER
	Endorsement []byte `json:"endorsement"` // root's word for the TLS key in use, see seal.EndorseTLS; empty without TLS
}

// An Enrolment asks for a place in an account. The request is signed, which
// proves the key.
type Enrolment struct {
	Code  string `json:"code"`
	Hello Hello  `json:"hello"`
}

// Enrolled is the answer to an Enrolment.
type Enrolled struct {
	Device  string    `json:"device"`  // public id
	Account int64     `json:"account"` // bound by every seal
	Address string    `json:"address"` // for subjects
	Agents  string    `json:"agents"`  // HOST:PORT of the message bus
	TLS     bool      `json:"tls"`     // whether the bus speaks TLS, with the root's certificates
	At      time.Time `json:"at"`
}

// Received is the answer to the question how much of an upload has come, so that
// one that broke off goes on where it stopped.
type Received struct {
	Bytes int64 `json:"bytes"` // all of them if the file is complete
}

// ServerName is the name in the certificate of the agents' port.
const ServerName = "reeve-agents"

// A Retirement is an agent's own leave. It has no members yet.
type Retirement struct{}

// A Failure is the body of every answer that is not a success.
type Failure struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}
