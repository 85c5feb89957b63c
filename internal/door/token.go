package door

import (
	"net/http"
	"strings"

	"reeve"
)

var errNoToken = reeve.Errorf(reeve.Denied, "the request carries no access token; get one at /o/oauth/token and send it as Authorization: Bearer")

// findToken returns the token of a request: in the Authorization header, or, if
// the API takes that, in the query. Where both are given they must agree, so
// that nobody is taken for somebody else by a proxy that sees only one of them.
func findToken(r *http.Request, query bool) (string, error) {
	var found []string
	for _, header := range r.Header.Values("Authorization") {
		scheme, token, _ := strings.Cut(header, " ")
		if strings.EqualFold(scheme, "Bearer") {
			found = append(found, strings.TrimSpace(token))
		}
	}
	if query {
		found = append(found, r.URL.Query()["access_token"]...)
	}
	if len(found) == 0 || found[0] == "" {
		return "", errNoToken
	}
	for _, token := range found {
		if token != found[0] {
			return "", reeve.Errorf(reeve.Denied, "the request carries two different access tokens; send one")
		}
	}
	return found[0], nil
}

// isToken reports whether s has the length of a token, without which it is not
// looked up and costs nothing.
func isToken(s string) bool {
	const length = 48
	return len(s) == length
}
