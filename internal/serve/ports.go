package serve

import (
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net"
	"time"

	"reeve"
	"reeve/internal/keys"
	"reeve/internal/link"
)

// ports is what the two listeners need: settings of TLS, and the addresses that
// others are told.
type ports struct {
	url          string
	webTLS       *tls.Config // nil is plain
	agentsTLS    *tls.Config // nil is plain
	agentsPublic string
	identity     link.Identity
	pin          string
	ca           []byte
}

// prepare settles both addresses and makes certificates for them. It opens no
// port, since nothing may answer before set-up is done.
func prepare(c *Config, own *keys.Keys) (ports, error) {
	var err error
	if c.Listen, err = settled(c.Listen); err != nil {
		return ports{}, err
	}
	if c.Agents, err = settled(c.Agents); err != nil {
		return ports{}, err
	}
	p := ports{url: c.Public, agentsPublic: c.PublicAgents}
	if p.agentsPublic == "" {
		p.agentsPublic = c.Agents
	}
	p.identity = link.Identity{Root: own.Root(), RootCert: own.RootCert()}
	if c.TLS == "off" {
		if p.url == "" {
			p.url = "http://" + c.Listen
		}
		return p, nil
	}
	if p.url == "" {
		p.url = "https://" + c.Listen
	}
	p.pin = own.Pin()
	cert, key, ownCert, err := c.certificate()
	switch {
	case err != nil:
		return ports{}, err
	case ownCert:
		if p.webTLS, err = keys.LoadTLS(cert, key); err != nil {
			return ports{}, reeve.Errorf(reeve.Invalid, "the files of --tls are not a certificate in PEM and its key; check %s and %s, and that they may be read", cert, key).Because(err)
		}
	default:
		p.webTLS, err = own.ServerTLS(names(c.Listen, c.Public)...)
		p.ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.RootCert()})
	}
	if err == nil {
		p.agentsTLS, err = own.AgentsTLS(append(names(c.Agents, c.PublicAgents), link.ServerName)...)
	}
	if err == nil {
		p.identity.Endorsement, err = own.Endorse(p.webTLS)
	}
	return p, err
}

// listen opens the HTTPS port.
func (p ports) listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, cannotListen(address, err)
	}
	if p.webTLS != nil {
		return tls.NewListener(listener, p.webTLS), nil
	}
	return listener, nil
}

func cannotListen(address string, cause error) error {
	return reeve.Errorf(reeve.Unavailable, "cannot listen on %s; is another server running there?", address).Because(cause)
}

// settled returns the address, with a port that is free now if it asks for any
// port, as tests do. An address where somebody answers is refused here, before
// anything was set up. It asks instead of listening, so that no port of ours
// opens too early; what it misses, the listening later finds.
func settled(address string) (string, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", reeve.Errorf(reeve.Invalid, "%q is not an address to listen on; write HOST:PORT", address).Because(err)
	}
	if port != "0" {
		if other, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			other.Close()
			return "", cannotListen(address, errTaken)
		}
		return address, nil
	}
	probe, err := net.Listen("tcp", address)
	if err != nil {
		return "", cannotListen(address, err)
	}
	return probe.Addr().String(), probe.Close()
}

var errTaken = errors.New("somebody answers there")
