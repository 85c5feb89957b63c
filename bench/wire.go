package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// The parts of a connection's statistics that ss prints, and what each adds to
// the wire: the bytes themselves, and for a segment the headers of IPv4 and TCP
// with time stamps.
var counters = map[*regexp.Regexp]float64{
	regexp.MustCompile(`bytes_sent:(\d+)`):     1,
	regexp.MustCompile(`bytes_received:(\d+)`): 1,
	regexp.MustCompile(`segs_out:(\d+)`):       52,
	regexp.MustCompile(`segs_in:(\d+)`):        52,
}

// onWire returns the bytes that a process's one connection has moved.
func onWire(ctx context.Context, pid int) (float64, error) {
	said, err := exec.CommandContext(ctx, "ss", "-tinpOH", "state", "established").Output()
	if err != nil {
		return 0, fmt.Errorf("ss: %w", err)
	}
	var bytes float64
	var connections int
	for line := range strings.Lines(string(said)) {
		if !strings.Contains(line, fmt.Sprintf("pid=%d,", pid)) {
			continue
		}
		connections++
		for counter, each := range counters {
			if found := counter.FindStringSubmatch(line); found != nil {
				n, _ := strconv.ParseFloat(found[1], 64)
				bytes += n * each
			}
		}
	}
	if connections != 1 {
		return 0, fmt.Errorf("process %d has %d connections; an idle agent has one", pid, connections)
	}
	return bytes, nil
}
