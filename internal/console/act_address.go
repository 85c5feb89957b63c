package console

import (
	"net/http"
	"net/url"
)

// maxAddress is the longest address that a step of an order has, in bytes: what
// also fits a proxy, and once more within the address of the sign-in.
const maxAddress = 4000

// address is where a step of an order is, with the fields that it takes along. It
// is empty if these are more than an address holds, as of very many devices.
func address(path string, fields []kept) string {
	q := url.Values{}
	for _, f := range fields {
		q.Add(f.Name, f.Value)
	}
	if path += "?" + q.Encode(); len(path) > maxAddress {
		return ""
	}
	return path
}

// moveOn sends the browser from a form that was sent to the address of the step
// which it leads to, if that has one. So going back later asks nobody to send the
// form again. It reports whether it did.
func (v *visit) moveOn(path string, fields []kept) bool {
	if v.Method != http.MethodPost {
		return false
	}
	to := address(path, fields)
	if to == "" {
		return false
	}
	v.goTo(to)
	return true
}

// keptForBack is for steps of an order that may be the answer to a form: browsers
// may show it again to who goes back, since they could not ask for it again.
// Nobody else gets it, and what a person has seen is asked for anew wherever it has
// an address.
func keptForBack(serve handler) handler {
	return func(v *visit) (*page, error) {
		if v.Method == http.MethodPost {
			v.w.Header().Set("Cache-Control", "private, no-cache")
		}
		return serve(v)
	}
}
