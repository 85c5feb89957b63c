package courier

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"reeve/internal/link"
)

// connect joins the bus in all roles, before any agent can.
func (c *Courier) connect() (err error) {
	for r, conn := range map[*role]**nats.Conn{
		&ordering: &c.bus.orders, &reporting: &c.bus.reports,
		&admitting: &c.bus.auth, &administering: &c.bus.admin,
	} {
		if *conn, err = c.broker.dial(*r, c.opts.Log); err != nil {
			return err
		}
	}
	porter := newPorter(c, c.broker.issuer)
	for _, s := range []struct {
		conn    *nats.Conn
		subject string
		hear    nats.MsgHandler
		agents  bool
	}{
		{c.bus.auth, admitting.subscribe[0], porter.ask, false},
		{c.bus.admin, subjectLeft, c.onLeft, false},
		{c.bus.reports, link.Subject("*", link.VerbHello), c.onHello, true},
		{c.bus.reports, link.Subject("*", link.VerbBeat), c.onBeat, true},
		{c.bus.reports, link.Subject("*", link.VerbBye), c.onBye, true},
		{c.bus.reports, link.Subject("*", link.VerbReport), c.onReport, true},
		{c.bus.reports, link.Subject("*", link.VerbSaw), c.onSaw, true},
	} {
		// The nodes of a cluster share what agents say.
		sub, err := s.conn.QueueSubscribe(s.subject, "reeve", s.hear)
		if err != nil {
			return fmt.Errorf("subscribing to %s: %w", s.subject, err)
		}
		if s.agents {
			c.heard = append(c.heard, sub)
		}
	}
	for _, conn := range []*nats.Conn{c.bus.auth, c.bus.admin, c.bus.reports} {
		if err := conn.FlushTimeout(patience); err != nil {
			return fmt.Errorf("subscribing: %w", err)
		}
	}
	return nil
}

// speaker returns whose message this is, and whether it is to be heard.
func (c *Courier) speaker(m *nats.Msg) (device int64, heard bool) {
	device, _, err := link.ParseSubject(m.Subject)
	if err == nil && !c.quota.allows(device) {
		err = errTooMuch
	}
	if err != nil {
		c.garbage.note(device, err)
	}
	return device, err == nil
}

func (c *Courier) onBeat(m *nats.Msg) {
	if device, heard := c.speaker(m); heard {
		c.presence.beat(device, c.now())
	}
}

func (c *Courier) onBye(m *nats.Msg) {
	if device, heard := c.speaker(m); heard {
		c.presence.leave(device)
	}
}

// onLeft hears from the bus that a connection ended.
func (c *Courier) onLeft(m *nats.Msg) {
	var event struct {
		Server struct {
			ID string `json:"id"`
		} `json:"server"`
		Client struct {
			ID   uint64 `json:"id"`
			User string `json:"user"`
		} `json:"client"`
	}
	if err := json.Unmarshal(m.Data, &event); err != nil {
		c.opts.Log.Error("the message bus speaks in an unknown way", "err", err)
		return
	}
	if device, err := link.ParseAddress(event.Client.User); err == nil {
		c.presence.end(device, connection{event.Server.ID, event.Client.ID})
	}
}

// drain waits until everything that agents have said is gathered.
func (c *Courier) drain(ctx context.Context) {
	done := make(chan struct{}, len(c.heard))
	for _, sub := range c.heard {
		sub.SetClosedHandler(func(string) { done <- struct{}{} })
		if err := sub.Drain(); err != nil {
			done <- struct{}{}
		}
	}
	for range c.heard {
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}

func (c *Courier) disconnect() {
	for _, conn := range []*nats.Conn{c.bus.orders, c.bus.reports, c.bus.auth, c.bus.admin} {
		if conn != nil {
			_ = conn.FlushTimeout(time.Second) // the last acknowledgements
			conn.Close()
		}
	}
	c.cancel()
	c.broker.close()
}
