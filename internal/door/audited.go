package door

import (
	"net/http"

	"reeve"
	"reeve/internal/control"
)

// Audited makes a handler of what only those may read who may read the log. Apps
// by themselves may with the scope read, for which their routes ask; one that
// acts for an operator may if the operator may.
func Audited(serve func(http.ResponseWriter, *Request) error) func(http.ResponseWriter, *Request) error {
	return func(w http.ResponseWriter, r *Request) error {
		if err := control.Allow(r.Caller, reeve.Audit); err != nil {
			return err
		}
		return serve(w, r)
	}
}
