package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"reeve/internal/agent/host"
)

// passingFolders is how the names of the folders of on-demand agents begin.
const passingFolders = "reeve-on-demand-"

// leaveWithin is how long an on-demand agent takes at most to say that it
// leaves for good.
const leaveWithin = 10 * time.Second

// OpenPassing makes a state for an agent that leaves nothing: in a private
// folder among the temporary ones, with the key in memory alone. What agents
// left that were killed is removed.
func OpenPassing() (*State, string, error) {
	tidyPassing()
	dir, err := os.MkdirTemp("", passingFolders) // mode 0700
	if err != nil {
		return nil, "", fmt.Errorf("making a temporary folder: %w", err)
	}
	s, err := OpenState(dir)
	if err != nil {
		return nil, "", errors.Join(err, host.RemoveAll(dir))
	}
	s.passing = &Identity{}
	return s, dir, nil
}

// tidyPassing removes our user's folders whose agent is gone. What others put
// beside them is not touched.
func tidyPassing() {
	folders, _ := filepath.Glob(filepath.Join(os.TempDir(), passingFolders+"*"))
	for _, dir := range folders {
		// A link is nobody's folder, and one without a lock is being made just now.
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() {
			continue
		}
		if lock, err := os.Lstat(filepath.Join(dir, lockFile)); err != nil || !lock.Mode().IsRegular() {
			continue
		}
		if held, err := host.LockOld(filepath.Join(dir, lockFile)); err == nil {
			held.Close()
			os.RemoveAll(dir)
		}
	}
}

// Leave ends a state that is to leave nothing: it tells the server, whose record
// goes, as far as that can be reached, and removes the folder.
func (s *State) Leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	var err error
	if s.passing.Enrolled() {
		if err = s.Retire(ctx); err != nil {
			err = fmt.Errorf("the server was not told that this agent leaves: %w", err)
		}
	}
	return errors.Join(err, s.Close(), host.RemoveAll(s.dir))
}
