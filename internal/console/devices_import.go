package console

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"reeve"
	"reeve/internal/control"
)

// An importPage is the form for a list of devices, and what would become of it.
type importPage struct {
	List    string
	Seen    string         // what recognises the devices of the preview; see seenAs
	Preview *importPreview // nil before the list was looked at
}

// An importPreview is what an import would do.
type importPreview struct {
	control.Imported
	Rows []reeve.Device // the first of them
	More int            // how many further ones
}

// previewRows is how many rows a preview shows.
const previewRows = 20

// maxImport is the largest list of devices that a page takes, in bytes.
const maxImport = 4 << 20

func (c *console) askToImport(*visit) (*page, error) { return importForm(importPage{}), nil }

func importForm(p importPage) *page {
	return &page{name: "devices_import", title: "devices.import.title", data: p}
}

// importDevices looks at a list of devices first, and imports it when the person
// has seen what would become of it.
func (c *console) importDevices(v *visit) (*page, error) {
	list, err := v.listOfDevices()
	if err != nil {
		return again(importForm(importPage{List: list}), err)
	}
	devices, err := readDevices(list)
	if err != nil {
		return again(importForm(importPage{List: list}), err)
	}
	asked := v.PostFormValue("import") != ""
	preview := !asked || v.PostFormValue("seen") != seenAs(devices)
	p := importPage{List: list, Seen: seenAs(devices), Preview: &importPreview{Rows: slices.Clone(devices[:min(len(devices), previewRows)])}}
	p.Preview.More = len(devices) - len(p.Preview.Rows)
	if p.Preview.Imported, err = c.Rules.Import(v.Context(), v.Caller, devices, preview); err != nil {
		return again(importForm(importPage{List: list}), err)
	}
	switch {
	case preview && asked:
		return again(importForm(p), reeve.Errorf(reeve.Conflict, "the list is another than the one that you looked at, and nothing was added; look at what would happen now"))
	case preview:
		return importForm(p), nil
	}
	return v.done("devices?standing=unknown&sort=-added", "devices.import.done", p.Preview.Added, p.Preview.Skipped)
}

// seenAs recognises devices, so that none are imported but those of a preview.
func seenAs(devices []reeve.Device) string {
	sum := sha256.New()
	for _, d := range devices {
		fmt.Fprintf(sum, "%q %v\n", d.Hostname, d.MACs)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// listOfDevices reads the list out of the form: the file, or what is written in
// the field where there is none.
func (v *visit) listOfDevices() (string, error) {
	v.Body = http.MaxBytesReader(v.w, v.Body, maxImport)
	if err := v.ParseMultipartForm(maxImport); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return "", reeve.Errorf(reeve.TooLarge, "the list is larger than %d MB or could not be read; split it", maxImport>>20).Because(err)
	}
	file, _, err := v.FormFile("file")
	if err != nil {
		return v.PostFormValue("list"), nil
	}
	defer file.Close()
	raw, err := io.ReadAll(file)
	if err != nil {
		return "", reeve.Errorf(reeve.Invalid, "the file could not be read; choose it again").Because(err)
	}
	return string(bytes.TrimPrefix(raw, []byte("\ufeff"))), nil
}

// readDevices reads a table with a line for each device: its name, then its MAC
// addresses, in one cell or several. A first line of headings is passed by.
func readDevices(list string) ([]reeve.Device, error) {
	table := csv.NewReader(strings.NewReader(list))
	table.FieldsPerRecord, table.TrimLeadingSpace, table.Comment = -1, true, '#'
	if head, _, _ := strings.Cut(list, "\n"); strings.Contains(head, ";") && !strings.Contains(head, ",") {
		table.Comma = ';'
	}
	var devices []reeve.Device
	for {
		cells, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if malformed, ok := errors.AsType[*csv.ParseError](err); ok {
			return nil, reeve.Errorf(reeve.Invalid, "line %d is not well-formed; check its quotation marks", malformed.Line).Because(err)
		}
		line, _ := table.FieldPos(0)
		if line == 1 && slices.Contains([]string{"hostname", "name"}, strings.ToLower(strings.TrimSpace(cells[0]))) {
			continue
		}
		d := reeve.Device{Hostname: strings.TrimPrefix(strings.TrimSpace(cells[0]), "'")}
		for _, word := range strings.Fields(strings.Join(cells[1:], " ")) {
			mac, ok := reeve.ParseMAC(word)
			if !ok {
				return nil, reeve.Errorf(reeve.Invalid, "line %d: %.40q is not a MAC address", line, word)
			}
			d.MACs = append(d.MACs, mac)
		}
		if d.Hostname == "" {
			return nil, reeve.Errorf(reeve.Invalid, "line %d has no name; write the device's name first, then its MAC addresses", line)
		}
		devices = append(devices, d)
	}
	if len(devices) == 0 {
		return nil, reeve.Errorf(reeve.Invalid, "the list has no devices; choose a file, or write a line for each")
	}
	return devices, nil
}
