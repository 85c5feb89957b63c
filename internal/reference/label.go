package reference

import (
	"strings"

	"github.com/yuin/goldmark/ast"
	tables "github.com/yuin/goldmark/extension/ast"
)

// label gives each cell of a table's row the heading of its column, which the
// style sheet shows before the cell where the screen is too narrow for columns.
func label(n ast.Node, source []byte) {
	row, ok := n.(*tables.TableRow)
	if !ok {
		return
	}
	heading := row.Parent().FirstChild().FirstChild()
	for cell := row.FirstChild(); cell != nil && heading != nil; cell, heading = cell.NextSibling(), heading.NextSibling() {
		cell.SetAttributeString("data-label", []byte(words(heading, source)))
	}
}

// words returns the text of a node without its marks.
func words(n ast.Node, source []byte) string {
	var b strings.Builder
	ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t, ok := n.(*ast.Text); ok && entering {
			b.Write(t.Value(source))
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
