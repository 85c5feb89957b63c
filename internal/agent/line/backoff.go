package line

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"time"
)

// Waits between attempts. Each is drawn evenly from nothing to a bound that
// doubles, so that a crowd that lost its server together does not come back
// together.
const (
	firstWait = 500 * time.Millisecond
	lastWait  = 2 * time.Minute
	// A key that was refused is tried again slowly: the refusal may be a mistake
	// that somebody mends.
	refusedWait = 10 * time.Minute
)

// Backoff returns how long to wait after the given number of failures in a row.
func Backoff(failures int) time.Duration {
	bound := lastWait
	if failures < 9 {
		bound = min(lastWait, firstWait<<max(failures-1, 0))
	}
	return Within(bound)
}

// Within returns a random moment of a time that a whole crowd was given, so that
// it does not come all at once.
func Within(bound time.Duration) time.Duration {
	var b [8]byte
	rand.Read(b[:])
	return time.Duration(float64(bound) * float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53))
}

// Pause waits for d; it reports false if ctx ended first.
func Pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
