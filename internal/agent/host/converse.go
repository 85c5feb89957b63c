//go:build linux || windows

package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"reeve/internal/agent/act"
)

// closeWithin is how long a process that asks may take to put its question away.
const closeWithin = 3 * time.Second

// maxReply is the longest reply of a process that asks, in bytes.
const maxReply = 128 << 10

// maxComplaint is how much is kept of what it says goes wrong, in bytes.
const maxComplaint = 1 << 10

// converse gives a process that asks its question, and waits for the reply. When
// its context ends the process hears the end of its input, puts away what it
// shows, and is killed if it does not.
func converse(cmd *exec.Cmd, q Question) (map[string]string, error) {
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	said, failed := &bounded{most: maxReply}, &bounded{most: maxComplaint}
	cmd.Stdout, cmd.Stderr = said, failed
	cmd.Cancel, cmd.WaitDelay = input.Close, closeWithin
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the process that asks: %w", err)
	}
	err = give(input, q)
	if ended := cmd.Wait(); ended != nil {
		return nil, fmt.Errorf("the process that asks ended: %s: %w", strings.TrimSpace(failed.String()), ended)
	}
	if err != nil {
		return nil, err
	}
	return readReply(said.Bytes())
}

func give(to io.Writer, q Question) error {
	question, err := json.Marshal(q)
	if err == nil {
		_, err = to.Write(append(question, '\n'))
	}
	if err != nil {
		return fmt.Errorf("giving the question: %w", err)
	}
	return nil
}

// readReply reads the reply of a process that asked.
func readReply(said []byte) (map[string]string, error) {
	var reply act.Reply
	if err := json.Unmarshal(said, &reply); err != nil {
		return nil, fmt.Errorf("the process that asks said nothing that can be read: %w", err)
	}
	switch {
	case reply.Failed != "":
		return nil, errors.New("the process that asks failed: " + reply.Failed)
	case reply.Later:
		return nil, errLater
	}
	return reply.Identity, nil
}

// bounded keeps the beginning of what a process says.
type bounded struct {
	bytes.Buffer
	most int
}

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), b.most-b.Len())])
	return len(p), nil
}
