package setup

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
)

// What launchd reads is the command, whatever is in it.
func TestJobOfLaunchd(t *testing.T) {
	command := []string{"/Library/Application Support/reeve-agent/reeve-agent", "run", "--server", `https://host/?a=1&b="<'>`}
	var read []string
	text := job(command)
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	var array bool
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			array = array || token.Name.Local == "array"
			if array && token.Name.Local == "string" {
				var argument string
				if err := d.DecodeElement(&argument, &token); err != nil {
					t.Fatal(err)
				}
				read = append(read, argument)
			}
		case xml.EndElement:
			array = array && token.Name.Local != "array"
		}
	}
	if !slices.Equal(read, command) {
		t.Errorf("launchd would run %q", read)
	}
}
