package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"reeve"
)

// A checkpointFile holds copies of the log's checkpoints outside of the
// database, one JSON object a line, so that they can be kept elsewhere.
type checkpointFile struct{ path string }

func (f checkpointFile) add(c reeve.Checkpoint) error {
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encoding a checkpoint: %w", err)
	}
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("keeping a checkpoint: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// ReadCheckpoints reads a file of checkpoints. A last line that a crash cut
// short is left out.
func ReadCheckpoints(r io.Reader) ([]reeve.Checkpoint, error) {
	var out []reeve.Checkpoint
	lines := json.NewDecoder(r)
	for {
		var c reeve.Checkpoint
		switch err := lines.Decode(&c); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return out, nil
		case err != nil:
			return nil, reeve.Errorf(reeve.Invalid, "the file of checkpoints has a line that is not one; take an untouched copy").Because(err)
		}
		out = append(out, c)
	}
}
