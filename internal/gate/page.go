package gate

import (
	"slices"

	"reeve/internal/door"
	"reeve/internal/link"
)

// What the reference says of the door that Reeve's own agents use.

var signedHeaders = []door.Field{
	{Name: link.HeaderKey, In: "header", Type: "string", About: "the device's public key, Ed25519, in base64"},
	{Name: link.HeaderDigest, In: "header", Type: "string", About: "SHA-256 of the body in hex digits"},
	{Name: link.HeaderTime, In: "header", Type: "string", About: "seconds since 1970 by the agent's idea of the server's time"},
	{Name: link.HeaderSignature, In: "header", Type: "string", About: "signature of method, path, digest and time with the device's key, in base64"},
}

func signedInputs(more ...door.Field) []door.Field {
	return append(more, signedHeaders...)
}

const agentsDoor = "Agents' door"

var identityPage = &door.Page{
	Family: agentsDoor, About: "Tells an agent which root key the server has, before the agent sends anything.", Inputs: door.None,
	Answer: []door.Field{
		{Name: "root", Type: "string", About: "root public key, PKIX DER in base64; its SHA-256 is the pin"},
		{Name: "root_cert", Type: "string", About: "the same key as a certificate authority, DER in base64"},
		{Name: "endorsement", Type: "string", About: "the root's signature over the TLS key in use; empty without TLS"},
	},
}

var enrolPage = &door.Page{
	Family: agentsDoor, About: "Gives the device a place in the account of a registration code. With a key that is enrolled already the answer is the same again.",
	Inputs: signedInputs(
		door.Field{Name: "code", In: "body", Type: "string", About: "the registration code"},
		door.Field{Name: "hello", In: "body", Type: "object", About: "what the agent says of itself: kind, system, version, what it can do, names and addresses of the machine"}),
	Answer: []door.Field{
		{Name: "device", Type: "string", About: "id of the device, 32 hex digits"},
		{Name: "account", Type: "int", About: "number of the account, which every order names"},
		{Name: "address", Type: "string", About: "the device's address on the message bus"},
		{Name: "agents", Type: "string", About: "HOST:PORT of the message bus"},
		{Name: "tls", Type: "bool", About: "whether the bus speaks TLS"},
		{Name: "at", Type: "string", About: "the server's time"},
	},
	Codes: map[int]string{401: "the code or the signature is not valid"},
}

var uploadCodes = map[int]string{401: "the signature is not valid, or the clock is off (`wrong_time`)",
	404: "no open command of this device takes an upload under this id"}

var fileDigest = door.Field{Name: link.HeaderDigest, In: "header", Type: "string", About: "SHA-256 of the whole file in hex digits"}

func uploadInputs(more ...door.Field) []door.Field {
	command := door.Field{Name: "command", In: "path", Type: "string", About: "id of the command, 24 hex digits"}
	inputs := append([]door.Field{command}, signedInputs(more...)...)
	inputs[slices.IndexFunc(inputs, func(f door.Field) bool { return f.Name == link.HeaderDigest })] = fileDigest
	return inputs
}

var receivedPage = &door.Page{
	Family: agentsDoor, About: "Tells how much of the file of a command has come, so that an upload that broke off goes on where it stopped. An upload of the file that still waits for bytes is ended.",
	Inputs: uploadInputs(),
	Answer: []door.Field{{Name: "bytes", Type: "int", About: "how many; 0 for a file with another digest"}},
	Codes:  uploadCodes,
}

var uploadPage = &door.Page{
	Family: agentsDoor, About: "Takes the file of a command that asks for one, or what is left of it. Until the command has ended the same command may send again.",
	Inputs: uploadInputs(
		door.Field{Name: link.HeaderOffset, In: "header", Type: "int", About: "how many bytes of the file came before; 0 by default, which begins anew"},
		door.Field{Name: "(the body)", In: "body", Type: "bytes", About: "the file from there on, with which it has at most 64 MiB"}),
	Answer: door.None,
	Codes: map[int]string{401: uploadCodes[401], 404: uploadCodes[404],
		409: "the server has another number of bytes than the offset, or the whole is not the file that was announced: ask, and send the rest",
		503: "too many agents are uploading, or the connection broke"},
}

var retirePage = &door.Page{
	Family: agentsDoor, About: "The device leaves by its own wish: its record is deleted as by an operator. A repeat is fine.",
	Inputs: signedInputs(door.Field{Name: "(the body)", In: "body", Type: "object", About: "an empty object"}),
	Answer: door.None,
	Codes:  map[int]string{401: "the signature is not valid, or the clock is off (`wrong_time`)"},
}
