package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
)

// releasedFile is there, in the state folder, while a dhclient has given its
// lease back and none has taken its place.
const releasedFile = "dhclient-released.json"

// A released client is what Mend needs to start it again.
type released struct {
	Interface string   `json:"interface"`
	Args      []string `json:"args"`
}

func (m *Machine) noteReleased(r released) error {
	text, err := json.Marshal(r)
	if err == nil {
		err = Replace(filepath.Join(m.state, releasedFile), text)
	}
	if err != nil {
		return fmt.Errorf("noting which client is released: %w", err)
	}
	return nil
}

// Mend starts the dhclient again that an agent, killed in the middle of a
// release, left an interface without. Where there is one by now it does nothing.
func (m *Machine) Mend() error {
	path := filepath.Join(m.state, releasedFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var r released
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return fmt.Errorf("reading which client was released: %w", err)
	}
	if iface, err := net.InterfaceByName(r.Interface); err == nil && len(m.dhclients([]net.Interface{*iface})) == 0 {
		program, found := dhclientPath()
		if !found {
			return fmt.Errorf("the dhclient of %s cannot be started again: the program is gone", r.Interface)
		}
		if err := detach(program, append([]string{"-nw"}, r.Args...), 1); err != nil {
			return fmt.Errorf("starting the dhclient of %s again: %w", r.Interface, err)
		}
	}
	return os.Remove(path)
}
