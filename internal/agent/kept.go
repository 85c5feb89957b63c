package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"reeve/internal/agent/act"
	"reeve/internal/agent/host"
)

// scansDir is the folder of the state folder with how far scans have come.
const scansDir = "scans"

func scanFile(state, command string) string {
	return filepath.Join(state, scansDir, command+".json")
}

// KeepScan implements [act.KeepHost].
func (b body) KeepScan(command string, checkpoint []byte) error {
	path := scanFile(b.StateDir(), command)
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = host.Replace(path, checkpoint)
	}
	if err != nil {
		return fmt.Errorf("keeping how far a scan has come: %w", err)
	}
	return nil
}

// KeptScan implements [act.KeepHost].
func (b body) KeptScan(command string) ([]byte, error) {
	checkpoint, err := os.ReadFile(scanFile(b.StateDir(), command))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return checkpoint, err
}

// forget removes what a command kept that has ended.
func (s *State) forget(command string) error {
	kept := scanFile(s.dir, command)
	err := errors.Join(host.RemoveAll(act.UploadDir(s.dir, command)), host.RemoveAll(kept))
	halves, _ := filepath.Glob(kept + host.NewEnd + "*")
	for _, half := range halves {
		err = errors.Join(err, host.RemoveAll(half))
	}
	return err
}

// tidy removes what commands kept that ended when the agent did.
func (l *loop) tidy() (err error) {
	for _, folder := range []string{"uploads", scansDir} {
		entries, failed := os.ReadDir(filepath.Join(l.state.dir, folder))
		if failed != nil && !errors.Is(failed, fs.ErrNotExist) {
			err = errors.Join(err, failed)
		}
		for _, entry := range entries {
			command, _, _ := strings.Cut(entry.Name(), ".")
			if s := l.journal.entry(command).stage; s != received && s != started {
				err = errors.Join(err, l.state.forget(command))
			}
		}
	}
	return err
}
