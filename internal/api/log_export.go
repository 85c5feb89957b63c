package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"

	"reeve"
	"reeve/client"
	"reeve/internal/door"
	"reeve/internal/trail"
)

// logExportPage is how many rows are read, and devices of a row, before they
// are sent.
const logExportPage = 500

// exportLog sends the selected rows as JSON lines, oldest first, and a last line
// that says so: who does not see it has only a part. It sends what is there when
// it begins, and holds no more than a page.
func (a *api) exportLog(w http.ResponseWriter, r *door.Request) error {
	p := paramsOf(r)
	query := p.logQuery()
	query.Limit = logExportPage
	devices := p.text("devices") == "true"
	if err := p.done(); err != nil {
		return err
	}
	head, _, err := a.Store.Head(r.Context(), r.Caller.Account)
	if err != nil {
		return err
	}
	if query.Before == 0 || query.Before > head.Seq+1 {
		query.Before = head.Seq + 1
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Content-Disposition", `attachment; filename="log.jsonl"`)
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	out := lineSender{w: w, wire: http.NewResponseController(w)}
	for {
		rows, err := a.Store.Log(r.Context(), r.Caller.Account, query)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := out.add(shapeEntry(row)); err != nil {
				return err
			}
			if devices {
				if err := a.exportDevicesOf(r, &out, row); err != nil {
					return err
				}
			}
		}
		if len(rows) < logExportPage {
			break
		}
		query.After = rows[len(rows)-1].Seq
		if gone := out.send(); gone {
			return nil
		}
	}
	if err := out.add(client.LogEnd{End: true, Lines: out.lines, Through: query.Before - 1}); err != nil {
		return err
	}
	out.send()
	return nil
}

// exportDevicesOf sends a line for each device that a row is about, unless the
// row itself says it all.
func (a *api) exportDevicesOf(r *door.Request, out *lineSender, row reeve.AuditEntry) error {
	for leaf := int64(0); ; {
		page, err := trail.Of(r.Context(), a.Store, row, leaf, logExportPage)
		if err != nil {
			return err
		}
		for _, e := range page.Events {
			if e.Device == row.Device {
				continue
			}
			if err := out.add(shapeEntry(e.Entry())); err != nil {
				return err
			}
		}
		if page.Next.Seq != row.Seq {
			return nil
		}
		leaf = page.Next.Leaf
		if gone := out.send(); gone {
			return r.Context().Err()
		}
	}
}

// A lineSender gathers lines and sends them.
type lineSender struct {
	w     http.ResponseWriter
	wire  *http.ResponseController
	body  bytes.Buffer
	lines int64
}

func (s *lineSender) add(v any) error {
	line, err := json.Marshal(v)
	s.body.Write(append(line, '\n'))
	s.lines++
	return err
}

// send sends what was gathered, and tells whether the reader has gone.
func (s *lineSender) send() (gone bool) {
	_ = s.wire.SetWriteDeadline(time.Now().Add(exportPatience)) // tests have no connection
	_, err := s.w.Write(s.body.Bytes())
	s.body.Reset()
	_ = s.wire.Flush()
	return err != nil
}
