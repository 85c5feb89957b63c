// Package docs holds the pages of this folder, so that the server can show them.
// It imports nothing of Reeve.
package docs

import "embed"

// Files are the pages, as they are in the repository.
//
//go:embed *.md api decisions
var Files embed.FS
