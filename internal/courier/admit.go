package courier

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"reeve"
	"reeve/internal/link"
)

// The bus asks about every connection that is not our own: who is it, and what
// may it do? The answer holds for a day or so; then the agent connects again
// and is asked anew.
const (
	permitLife   = 24 * time.Hour
	permitJitter = 4 * time.Hour // a fleet that came together does not leave together

	recognising = 16 // lookups in the store at once
	lookupTime  = 10 * time.Second

	// Keys that nobody has are remembered for a moment, so that an agent that
	// keeps asking costs no lookups.
	strangersKept = 4096
	strangerFor   = 5 * time.Second
)

// A porter answers the bus's questions.
type porter struct {
	c      *Courier
	issuer nkeys.KeyPair
	free   chan struct{} // a slot for each lookup

	mu        sync.Mutex
	strangers map[reeve.Key]time.Time // when they were last looked for
}

func newPorter(c *Courier, issuer nkeys.KeyPair) *porter {
	return &porter{c: c, issuer: issuer, free: make(chan struct{}, recognising), strangers: map[reeve.Key]time.Time{}}
}

// ask takes one question. What cannot be looked up at once waits in the
// subscription, and is not looked up at all once nobody waits for the answer.
func (p *porter) ask(m *nats.Msg) {
	p.free <- struct{}{}
	go func() {
		defer func() { <-p.free }()
		q, err := jwt.DecodeAuthorizationRequestClaims(string(m.Data))
		if err != nil {
			p.c.opts.Log.Error("the message bus asks in an unknown way", "err", err)
			return
		}
		if q.Expires <= time.Now().Unix() {
			return
		}
		p.answer(m, q)
	}()
}

func (p *porter) answer(m *nats.Msg, q *jwt.AuthorizationRequestClaims) {
	from := connection{q.Server.ID, q.ClientInformation.ID}
	reply := jwt.NewAuthorizationResponseClaims(q.UserNkey)
	reply.Audience = q.Server.ID
	key, proven := provenKey(q)
	if !proven || p.isStranger(key) {
		reply.Error = "the key is not known"
	} else {
		ctx, cancel := context.WithTimeout(p.c.ctx, lookupTime)
		defer cancel()
		device, _, err := p.c.opts.Recognise(ctx, key)
		switch kind := reeve.KindOf(err); {
		case err == nil:
			archived := device.Class.Standing == reeve.Archived
			if reply.Jwt, err = p.permit(q.UserNkey, device.No, archived); err != nil {
				p.c.opts.Log.Error("an agent's permit could not be signed", "err", err)
				return
			}
			p.c.presence.admit(device.No, from, q.ClientInformation.Host, archived, p.c.now())
		case kind == reeve.Denied || kind == reeve.NotFound:
			p.remember(key)
			reply.Error = "the key is not known"
		default:
			// A refusal would tell the agent that its key is bad, so the
			// connection ends without a word before the bus is answered.
			p.c.stranded.note(0, errors.Join(err, p.c.kickNow(from)))
			reply.Error = "the server is not ready"
		}
	}
	text, err := reply.Encode(p.issuer)
	if err == nil {
		err = m.Respond([]byte(text))
	}
	if err != nil {
		p.c.opts.Log.Error("the message bus could not be answered", "err", err)
	}
}

// provenKey returns the device key that a connection named, and whether it
// signed the challenge with it.
func provenKey(q *jwt.AuthorizationRequestClaims) (reeve.Key, bool) {
	raw, err := nkeys.Decode(nkeys.PrefixByteUser, []byte(q.ConnectOptions.Nkey))
	if err != nil || len(raw) != ed25519.PublicKeySize {
		return reeve.Key{}, false
	}
	nonce := q.ClientInformation.Nonce
	signature, err := base64.RawURLEncoding.DecodeString(q.ConnectOptions.SignedNonce)
	if err != nil || nonce == "" {
		return reeve.Key{}, false
	}
	return reeve.Key(raw), ed25519.Verify(raw, []byte(nonce), signature)
}

// permit writes what a device's connection may do: speak and listen under its
// own address. An archived device is let in to hear that it must retire, and
// to say that it did.
func (p *porter) permit(user string, device int64, archived bool) (string, error) {
	address := link.Address(device)
	u := jwt.NewUserClaims(user)
	u.Name = address
	u.Audience = agentsAccount
	u.Expires = time.Now().Add(permitLife - permitJitter/2 + draw(permitJitter)).Unix()
	says := []string{link.VerbHello, link.VerbReport, link.VerbBye, link.VerbBeat, link.VerbSaw}
	if archived {
		says = says[:3]
	}
	for _, verb := range says {
		u.Pub.Allow.Add(link.Subject(address, verb))
	}
	for _, verb := range []string{link.VerbOrder, link.VerbAck, link.VerbCancel, link.VerbPause, link.VerbWelcome, link.VerbSettle} {
		u.Sub.Allow.Add(link.Subject(address, verb))
	}
	return u.Encode(p.issuer)
}

func (p *porter) isStranger(key reeve.Key) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, known := p.strangers[key]
	return known && time.Since(at) < strangerFor
}

func (p *porter) remember(key reeve.Key) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.strangers) >= strangersKept {
		clear(p.strangers)
	}
	p.strangers[key] = time.Now()
}

// draw returns a random duration from zero to bound.
func draw(bound time.Duration) time.Duration {
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(binary.BigEndian.Uint64(b[:]) % uint64(bound))
}
