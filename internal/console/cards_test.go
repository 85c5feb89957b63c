package console

import "testing"

// A table says of each cell which column it is of, whatever is done with it, and
// everything else stays as it is.
func TestTablesAreLabelled(t *testing.T) {
	for _, tt := range []struct{ name, page, want string }{
		{"no table", `<p>a < b`, `<p>a < b`},
		{"a table",
			`<i>x</i><table class="roomy"><caption>c</caption><thead><tr><th class="tight"><input hidden></th><th scope="col"><a href="?a=1&amp;b">Na&#34;me<svg><use/></svg></a></th>` +
				`<th><span class="hidden">Remove</span></th></tr></thead><tbody id="r"><tr><td><input></td><td class="mono">a<br>b</td><td>c</td></tr></tbody></table>y`,
			`<i>x</i><table role="table" class="roomy"><caption>c</caption><thead role="rowgroup"><tr role="row"><th role="columnheader" class="tight"><input hidden></th>` +
				`<th role="columnheader" data-label="Na&#34;me" scope="col"><a href="?a=1&amp;b">Na&#34;me<svg><use/></svg></a></th><th role="columnheader"><span class="hidden">Remove</span></th></tr></thead>` +
				`<tbody role="rowgroup" id="r"><tr role="row"><td role="cell"><input></td><td role="cell" data-label="Na&#34;me" class="mono">a<br>b</td><td role="cell">c</td></tr></tbody></table>y`},
		{"two tables",
			`<table><thead><tr><th>A</th></tr></thead><tr><td>1</td></tr></table><table class="plain"><tr><td>2</td></tr></table>`,
			`<table role="table"><thead role="rowgroup"><tr role="row"><th role="columnheader" data-label="A">A</th></tr></thead><tr role="row"><td role="cell" data-label="A">1</td></tr></table>` +
				`<table class="plain"><tr><td>2</td></tr></table>`},
		{"a row alone", `<tr><td>1</td></tr>`, `<tr><td>1</td></tr>`},
	} {
		if got := string(label([]byte(tt.page))); got != tt.want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
}
