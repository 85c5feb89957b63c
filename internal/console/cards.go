package console

import "bytes"

// label prepares the tables of a page for narrow screens, on which the style
// sheet shows each row as a card: every cell is told the text of its column's
// head, and every element keeps by name the role that browsers take from tables
// that are laid out otherwise. Tables of the class "plain" stay tables. What
// scripts bring in later is told by console.js.
func label(page []byte) []byte {
	var out bytes.Buffer
	for {
		at := bytes.Index(page, []byte("<table"))
		if at < 0 {
			break
		}
		length := bytes.Index(page[at:], []byte("</table>"))
		if length < 0 {
			break
		}
		out.Write(page[:at])
		labelTable(&out, page[at:at+length])
		page = page[at+length:]
	}
	if out.Len() == 0 {
		return page
	}
	out.Write(page)
	return out.Bytes()
}

// roles are what elements of a table are; one that is not here says nothing.
var roles = map[string]string{"table": "table", "thead": "rowgroup", "tbody": "rowgroup", "tfoot": "rowgroup", "tr": "row", "td": "cell"}

// labelTable writes a table without its end.
func labelTable(out *bytes.Buffer, table []byte) {
	if tag, _, _ := bytes.Cut(table, []byte(">")); bytes.Contains(tag, []byte("plain")) {
		out.Write(table)
		return
	}
	var heads [][]byte // texts of the columns
	column, inHead := 0, false
	for {
		before, rest, found := bytes.Cut(table, []byte("<"))
		out.Write(before)
		if !found {
			return
		}
		length := bytes.IndexAny(rest, " >")
		if length < 0 {
			length = len(rest)
		}
		name := string(rest[:length])
		out.WriteString("<" + name)
		table = rest[length:]
		role, text := roles[name], []byte(nil)
		switch name {
		case "thead", "tbody", "tfoot":
			inHead = name == "thead"
		case "tr":
			column = 0
		case "th":
			role = "rowheader"
			if inHead {
				role, text = "columnheader", headText(table)
				heads = append(heads, text)
			}
			column++
		case "td":
			if column < len(heads) {
				text = heads[column]
			}
			column++
		}
		if role != "" {
			out.WriteString(` role="` + role + `"`)
		}
		if len(text) > 0 {
			out.WriteString(` data-label="`)
			out.Write(text)
			out.WriteByte('"')
		}
	}
}

// headText returns what stands in a head whose tag has just begun, without its
// tags. A head that is there for those only who do not see it has none.
func headText(rest []byte) []byte {
	head, _, _ := bytes.Cut(rest, []byte("</th>"))
	if bytes.Contains(head, []byte(`class="hidden"`)) {
		return nil
	}
	var text []byte
	for tag := true; len(head) > 0; tag = !tag {
		end := "<"
		if tag {
			end = ">"
		}
		part, after, _ := bytes.Cut(head, []byte(end))
		if !tag {
			text = append(text, part...)
		}
		head = after
	}
	return bytes.TrimSpace(text)
}
