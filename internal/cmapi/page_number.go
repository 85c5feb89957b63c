package cmapi

import (
	"math"
	"net/http"

	"reeve"
	"reeve/internal/door"
)

// maxPaged is the published bound on limit of lists with page numbers.
const maxPaged = 50

// checkPage holds limit and page of a list with page numbers against the
// published bounds: 406 for a limit that is too large.
func checkPage(limit, page, most int) error {
	switch {
	case limit > most:
		return door.Refuse(reeve.Invalid, http.StatusNotAcceptable, "limit_too_large", "limit must be 1 to %d; ask for several pages", most)
	case page > math.MaxInt32:
		return errBeyond(page)
	case limit < 1 || page < 1:
		return reeve.Errorf(reeve.Invalid, "limit and page begin at 1")
	}
	return nil
}

// errBeyond is 413, the published answer to a page behind the last one.
func errBeyond(page int) error {
	return reeve.Errorf(reeve.TooLarge, "page %d is beyond the last one", page)
}

// pageCodes are the statuses of lists with page numbers for the reference.
var pageCodes = map[int]string{406: "limit is too large", 413: "the page is beyond the last one; there is nothing in the answer"}
