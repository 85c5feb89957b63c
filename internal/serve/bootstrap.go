package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"reeve"
	"reeve/internal/control"
)

// Bootstrap is what set-up shows once: the members of the file of --bootstrap.
type Bootstrap struct {
	URL              string `json:"url"`
	Operator         string `json:"operator"`
	Password         string `json:"password"`
	ClientID         string `json:"client_id"`
	ClientSecret     string `json:"client_secret"`
	RegistrationCode string `json:"registration_code"`
	Pin              string `json:"pin"`     // empty without TLS
	Console          string `json:"console"` // address at which the operator chooses another password, once, within a day
}

func newBootstrap(url, pin string, b control.Bootstrap) Bootstrap {
	return Bootstrap{url, b.Operator, b.Password, b.ClientID, b.ClientSecret, b.Code, pin, url + "/console/first/" + b.FirstRun}
}

// bootstrapFile writes the credentials beside their file before they are
// stored, and gives the file its name once they are. A crash in between leaves
// the one beside, which finish then completes at the next start.
type bootstrapFile struct{ path string }

func (f bootstrapFile) beside() string { return f.path + ".new" }

func (f bootstrapFile) write(b Bootstrap) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the credentials: %w", err)
	}
	os.Remove(f.beside()) // of a set-up that never reached the store
	file, err := os.OpenFile(f.beside(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = file.Write(append(text, '\n'))
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err != nil {
		return reeve.Errorf(reeve.Invalid, "cannot write the file of --bootstrap; check that its folder exists and is writable").Because(err)
	}
	return nil
}

// finish gives the file its name. What lies beside it from a set-up that never
// reached the store is removed: its app is not known there.
func (f bootstrapFile) finish(isKnown func(clientID string) (bool, error)) error {
	text, err := os.ReadFile(f.beside())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var b Bootstrap
	known := false
	if err == nil && json.Unmarshal(text, &b) == nil { // else it was cut off, and so was its set-up
		known, err = isKnown(b.ClientID)
	}
	switch {
	case err != nil:
		return fmt.Errorf("finishing the file of --bootstrap: %w", err)
	case !known:
		return os.Remove(f.beside())
	}
	return os.Rename(f.beside(), f.path)
}

// Print shows the credentials to a person.
func (b Bootstrap) Print(w io.Writer) {
	fmt.Fprintf(w, `This is the first start. These credentials are shown once; keep them now.

  url                %s
  operator           %s
  password           %s
  client id          %s
  client secret      %s
  registration code  %s
`, b.URL, b.Operator, b.Password, b.ClientID, b.ClientSecret, b.RegistrationCode)
	if b.Pin != "" {
		fmt.Fprintf(w, "  pin                %s\n", b.Pin)
	}
	fmt.Fprintf(w, "\nOpen the console within a day to choose another password:\n\n  %s\n\n", b.Console)
}
