package keys

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// readOrMake reads a file of the folder, which make provides if it is missing.
// Of two servers that start on an empty folder at once, one makes the file and
// both read it.
func (k *Keys) readOrMake(file string, make func() (*pem.Block, error)) (*pem.Block, error) {
	text, err := os.ReadFile(k.path(file))
	if errors.Is(err, fs.ErrNotExist) {
		block, err := make()
		if err != nil {
			return nil, fmt.Errorf("making %s: %w", file, err)
		}
		if err := write(k.path(file), block, keeping); err != nil {
			return nil, err
		}
		text, err = os.ReadFile(k.path(file))
		if err != nil {
			return nil, fmt.Errorf("reading a key: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, k.unreadable(file, errors.New("no PEM in it"))
	}
	return block, nil
}

// What write does with a file that is there already.
const (
	keeping   = false
	replacing = true
)

// write stores a block so that the file is there as a whole or not at all,
// whatever happens in between.
func write(path string, block *pem.Block, replace bool) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	beside, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600 by nature
	if err != nil {
		return err
	}
	defer os.Remove(beside.Name())
	err = errors.Join(pem.Encode(beside, block), beside.Sync(), beside.Close())
	if err != nil {
		return err
	}
	if replace {
		return os.Rename(beside.Name(), path)
	}
	if err := os.Link(beside.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
