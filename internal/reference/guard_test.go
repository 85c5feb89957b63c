package reference

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"reeve/internal/door"
)

// TestRoutesAreGuarded walks every route of every API: it names its scope, its
// rate class and what it changes, and its page is complete.
func TestRoutesAreGuarded(t *testing.T) {
	for _, part := range parts() {
		rates := map[string]string{} // by family
		for _, r := range part.Routes {
			guard(r, func(what string) { t.Errorf("%s %s %s", r.Method, r.Path, what) })
			lacks := func(what string) { t.Errorf("%s %s %s", r.Method, r.Path, what) }
			if r.Page == nil {
				lacks("has no page")
				continue
			}
			complete(r, part.Published, lacks)
			if rate, known := rates[r.Page.Family]; known && part.Published && rate != r.Rate {
				lacks("has a rate class that the other versions of " + r.Page.Family + " do not have")
			}
			rates[r.Page.Family] = r.Rate
		}
	}
}

// guard checks what a route says to the door. Only the paths of tokens and of
// agents, which have credentials of another kind, may do without a scope.
func guard(r door.Route, fault func(string)) {
	scoped := strings.HasPrefix(r.Path, "/o/api/") || strings.HasPrefix(r.Path, "/api/v1/")
	switch {
	case scoped && r.Scope == "" && r.Path != "/api/v1/openapi.json":
		fault("asks for no scope")
	case r.Scope != "" && r.Rate == "":
		fault("has no rate class")
	case r.Scope != "" && r.Scope != "read" && r.Verb == "" && r.Method != "GET":
		fault("may change something and names no event of the log")
	case r.Verb != "" && (r.Method == "GET" || r.Scope == "read"):
		fault("changes something, and must be a POST or the like and need more than read")
	}
}

var variables = regexp.MustCompile(`\{(\w+)\}`)

// complete checks what a route says to people.
func complete(r door.Route, published bool, fault func(string)) {
	p := r.Page
	versioned := strings.HasPrefix(r.Path, "/o/api/")
	switch {
	case p.Family == "":
		fault("has a page of no family")
	case published && p.Source == "":
		fault("does not say which page of the manual it was read from")
	case versioned && !strings.HasPrefix(r.Path, "/o/api/v"+p.Version+"/"):
		fault("has a version that is not that of its path")
	case !versioned && p.Version != "":
		fault("has a version and is not of the published API")
	case !strings.HasSuffix(p.About, "."):
		fault("does not say in sentences what it does")
	case p.Inputs == nil:
		fault("does not say what it takes; door.None is nothing")
	case p.Answer == nil:
		fault("does not say what it answers; door.None is nothing")
	}
	seen := map[string]bool{}
	for _, f := range slices.Concat(p.Inputs, p.Answer) {
		if f.Name == "" || f.Type == "" || seen[f.In+" "+f.Name] {
			fault("has a field " + f.Name + " without a type or twice")
		}
		for name := range strings.SplitSeq(f.Name, ", ") {
			seen[f.In+" "+name] = true
		}
	}
	for _, f := range p.Inputs {
		if !slices.Contains([]string{"path", "query", "header", "form", "body"}, f.In) || f.About+f.Unknown == "" {
			fault("does not say where the input " + f.Name + " stands and what it means")
		}
	}
	for _, f := range p.Answer {
		if f.In != "" {
			fault("says that the member " + f.Name + " of its answer is an input")
		}
	}
	for _, v := range variables.FindAllStringSubmatch(r.Path, -1) {
		if !seen["path "+v[1]] {
			fault("does not tell the variable {" + v[1] + "} of its path")
		}
	}
}

// Each page is of one API: families of two would write the same file.
func TestFamiliesHaveOnePage(t *testing.T) {
	seen := map[string]string{}
	for _, part := range parts() {
		for _, f := range familiesOf(part.Routes) {
			if other, taken := seen[Slug(f.name)]; taken {
				t.Errorf("%s of %s and %s have one file name", f.name, other, part.Title)
			}
			seen[Slug(f.name)] = part.Title
		}
	}
}
