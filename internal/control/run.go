package control

import (
	"context"
	"errors"
	"time"

	"reeve"
)

// How often the sweeps run, and how many rows of a log may follow a checkpoint.
const (
	sweepEvery      = time.Second
	checkpointEvery = time.Minute
	checkpointRows  = 1000
)

// Run ends what is overdue, signs checkpoints and prunes logs until ctx ends, then signs a
// last one. Any number of nodes may run it on one store: every sweep is a
// conditional change that one of them wins.
func (c *Control) Run(ctx context.Context) error {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	last := c.now()
	var pruned time.Time
	for {
		select {
		case <-ctx.Done():
			final, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			c.report("signing a checkpoint", c.checkpoint(final, 1))
			return nil
		case <-sweep.C:
		}
		now := c.now()
		_, err := c.store.Expire(ctx, now)
		c.report("ending what is overdue", err)
		rows := int64(checkpointRows)
		if now.Sub(last) >= checkpointEvery {
			rows, last = 1, now
		}
		c.report("signing a checkpoint", c.checkpoint(ctx, rows))
		if now.Sub(pruned) >= pruneEvery {
			pruned = now
			c.report("pruning the log", c.prune(ctx))
		}
	}
}

// report logs a failed sweep; the next one tries again.
func (c *Control) report(what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		c.opts.Log.Error("a sweep failed", "sweep", what, "err", err)
	}
}

// checkpoint signs the head of every log that has grown by rows or more.
func (c *Control) checkpoint(ctx context.Context, rows int64) error {
	accounts, err := c.store.Accounts(ctx)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		head, intact, err := c.store.Head(ctx, a.No)
		if err != nil {
			return err
		}
		if !intact {
			// A signature on a head that was tampered with would hide it.
			c.opts.Log.Error("the log's end was changed outside of the server; run reeve log verify", "account", a.Name)
			continue
		}
		if head.Seq-c.signed(a.No) < rows {
			continue
		}
		head.At = c.now()
		head.Signature = c.key().SignCheckpoint(head.Account, head.Seq, head.Hash, head.At)
		switch err := c.store.AddCheckpoint(ctx, head); {
		case reeve.KindOf(err) == reeve.Conflict: // signed before a restart, or by another node
			c.setSigned(a.No, head.Seq)
			continue
		case err != nil:
			return err
		}
		if c.opts.Checkpoint != nil {
			if err := c.opts.Checkpoint(head); err != nil {
				return err
			}
		}
		c.setSigned(a.No, head.Seq)
	}
	return nil
}

func (c *Control) signed(account int64) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lastSigned[account]
}

func (c *Control) setSigned(account, seq int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastSigned[account] = seq
}
