// Package look is what Reeve's pages for people look like: the server's, and the
// one that an agent shows on a desktop. It imports nothing but the standard
// library, and of that only what the agent can afford to carry.
package look

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
)

// Style is the style sheet of every page.
//
//go:embed page.css
var Style string

// StyleSource is the source of a Content-Security-Policy that lets Style, and no
// other style, into a page.
var StyleSource = func() string {
	sum := sha256.Sum256([]byte(Style))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()
