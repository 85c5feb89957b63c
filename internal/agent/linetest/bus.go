package linetest

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"reeve/internal/link"
	"reeve/internal/seal"
)

// A gatekeeper lets in who signed the challenge with an enrolled key.
type gatekeeper struct{ s *Server }

func (g gatekeeper) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Username == "server" {
		c.RegisterUser(&server.User{Username: "server"})
		return o.Password == "server"
	}
	public, err := nkeys.FromPublicKey(o.Nkey)
	if err != nil {
		return false
	}
	signature, err := base64.RawURLEncoding.DecodeString(o.Sig)
	if err != nil || public.Verify(c.GetNonce(), signature) != nil {
		return false
	}
	raw, err := nkeys.Decode(nkeys.PrefixByteUser, []byte(o.Nkey))
	if err != nil {
		return false
	}
	key := base64.StdEncoding.EncodeToString(raw)
	g.s.mu.Lock()
	address, known := g.s.keys[key]
	known = known && !g.s.refused[key]
	g.s.mu.Unlock()
	own := &server.SubjectPermission{Allow: []string{link.Subject(address, ">")}}
	c.RegisterUser(&server.User{Username: address, Permissions: &server.Permissions{Publish: own, Subscribe: own}})
	return known
}

// hear takes everything that agents send.
func (s *Server) hear(m *nats.Msg) {
	device, verb, err := link.ParseSubject(m.Subject)
	if err != nil {
		s.tb.Errorf("an agent spoke on %s", m.Subject)
		return
	}
	address := link.Address(device)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch verb {
	case link.VerbHello:
		var hello link.Hello
		if err := json.Unmarshal(m.Data, &hello); err != nil {
			s.tb.Errorf("a Hello is not readable: %v", err)
		}
		s.hellos[address] = hello
		at := time.Now().Add(s.ahead).Truncate(time.Microsecond).UTC()
		s.send(address, link.VerbWelcome, link.Welcome{
			At: at, BeatSeconds: 60, Signature: s.seal.Now(at, hello.Nonce), SealKey: s.seal.Certificate(),
		})
	case link.VerbBeat:
		s.beats[address]++
	case link.VerbBye:
		s.byes[address]++
	case link.VerbSaw:
		var seen link.Sightings
		if err := json.Unmarshal(m.Data, &seen); err != nil {
			s.tb.Errorf("sightings are not readable: %v", err)
		}
		s.seen[address] = append(s.seen[address], seen.Machines...)
	case link.VerbReport:
		var r link.Report
		if err := json.Unmarshal(m.Data, &r); err != nil {
			s.tb.Errorf("a report is not readable: %v", err)
		}
		s.reports <- Report{address, r}
		if !s.silent && r.State != "running" {
			s.send(address, link.VerbAck, link.Ack{Commands: []string{r.Command}})
		}
	}
}

// send publishes if the bus is up; what is lost is lost, as on the real one.
func (s *Server) send(address, verb string, message any) {
	b, err := json.Marshal(message)
	if err != nil {
		s.tb.Error(err)
	}
	if s.conn != nil {
		s.conn.Publish(link.Subject(address, verb), b)
	}
}

// Give sends orders to the agent at an address.
func (s *Server) Give(address string, orders ...link.Order) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range orders {
		s.send(address, link.VerbOrder, o)
	}
}

// Cancel calls off a job for the agent at an address.
func (s *Server) Cancel(address string, job int64) {
	at := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(address, link.VerbCancel, link.Cancel{
		Job: job, At: at, Signature: s.seal.SignCancel(job, at), SealKey: s.seal.Certificate(),
	})
}

// Pause has a job of the agent at an address hold back, or go on.
func (s *Server) Pause(address string, job int64, paused bool) {
	at := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(address, link.VerbPause, link.Pause{
		Job: job, Paused: paused, At: at, Signature: s.seal.SignPause(job, paused, at), SealKey: s.seal.Certificate(),
	})
}

// Seal orders what h says from the agents at the addresses: one order each.
func (s *Server) Seal(h seal.Header, addresses ...string) []link.Order {
	leaves := make([]seal.Hash, len(addresses))
	s.mu.Lock()
	for i, a := range addresses {
		leaves[i] = seal.Leaf(uint32(i), s.devices[a])
	}
	s.mu.Unlock()
	tree := seal.NewTree(leaves)
	n := uint32(len(leaves))
	signature := s.seal.SignJob(h, n, tree.Root())
	orders := make([]link.Order, n)
	for i := range orders {
		orders[i] = link.Order{Header: h, Proof: seal.Proof{
			Leaf: uint32(i), Leaves: n, Path: tree.AppendPath(nil, i), Signature: signature, SealKey: s.seal.Certificate(),
		}}
	}
	return orders
}

// Header returns the header of a job that may be delivered and worked on for an
// hour each.
func (s *Server) Header(job int64, action, params string) seal.Header {
	now := s.Now()
	return seal.Header{
		Account: Account, Job: job, Action: action, Params: []byte(params),
		Issued: now, DeliverBy: now.Add(time.Hour), FinishBy: now.Add(2 * time.Hour),
	}
}
