package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// A crowd is a second process of the bench that plays many clients. It writes
// one line when all are connected, and then one for every round that is
// complete: the time at which it was, in nanoseconds since 1970.
type crowd struct{ rounds *bufio.Scanner }

// gather starts a crowd and waits until all count clients are connected.
func (b *bench) gather(ctx context.Context, role string, settings any, count int) (*crowd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	clients := exec.CommandContext(ctx, self, role, string(encoded))
	clients.Stderr = os.Stderr
	output, err := clients.StdoutPipe()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := clients.Start(); err != nil {
		return nil, err
	}
	b.after(func() {
		clients.Process.Kill()
		clients.Wait()
	})
	c := &crowd{bufio.NewScanner(output)}
	if _, err := c.allHave(); err != nil {
		return nil, err
	}
	say("%d clients connected in %v", count, time.Since(start).Round(time.Millisecond))
	return c, nil
}

// allHave waits for the next round to be complete and returns when it was.
func (c *crowd) allHave() (time.Time, error) {
	if !c.rounds.Scan() {
		return time.Time{}, fmt.Errorf("the clients went away: %w", c.rounds.Err())
	}
	nanoseconds, err := strconv.ParseInt(c.rounds.Text(), 10, 64)
	return time.Unix(0, nanoseconds), err
}
