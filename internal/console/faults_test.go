package console

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"reeve"
	"reeve/internal/action"
)

// rooms are those whose errors can reach a page.
var rooms = []string{"", "internal/action", "internal/blob", "internal/console", "internal/control", "internal/depot", "internal/door",
	"internal/keys", "internal/passkey", "internal/sqlstore", "internal/sso", "internal/watch"}

// carriers are the functions that are given a sentence or word of an error, and
// which of their arguments it is.
var carriers = map[string]int{"Errorf": 1, "Refuse": 3, "Word": 0, "conflict": 1, "refused": 0, "checkName": 0, "checkScopes": 1}

// passed are arguments that hold what a carrier was given, or what is computed.
var passed = []string{"format", "msg", "what", "kind.Form", "d.Name", "p.Rule", "name", "job.Action", "old.Action", "devices.name", "days.name"}

// computed are the words of errors that the source has in no such call.
func computed() []string {
	words := []string{reeve.Message(errors.New("internal")),
		"approve_above", "confirm_above", "unseen_after_days", "restore_days", "keep_reports_days", "keep_log_days",
		"nickname", "custom_id", "linked_user", "linked_team"}
	for _, kind := range reeve.IdentityTypes {
		if kind.Form != "" {
			words = append(words, kind.Form)
		}
	}
	for _, version := range action.Since(action.V3) {
		for _, def := range action.Offered(version) {
			for _, param := range def.Params {
				words = append(words, param.Rule)
			}
		}
	}
	return words
}

// sentencesOf returns what the files of a room say in errors.
func sentencesOf(t *testing.T, room string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", room, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %q: %v", room, err)
	}
	constants := map[string]ast.Expr{}
	var syntax []*ast.File
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		syntax = append(syntax, file)
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == len(spec.Names) {
				for i, name := range spec.Names {
					constants[name.Name] = spec.Values[i]
				}
			}
			return true
		})
	}
	said := map[string]bool{}
	for _, file := range syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			at, ok := carriers[calledName(call)]
			if !ok || at >= len(call.Args) {
				return true
			}
			if text, ok := textOf(call.Args[at], constants); ok {
				said[text] = true
			} else if given := types.ExprString(call.Args[at]); !slices.Contains(passed, given) {
				t.Errorf("%s says %s in an error, which no test knows: say it in the call, or name it here", room, given)
			}
			return true
		})
	}
	return said
}

// calledName returns the name of what is called, "" for functions of the
// standard library that have the name of a carrier.
func calledName(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		if of, ok := f.X.(*ast.Ident); ok && of.Name != "fmt" {
			return f.Sel.Name
		}
	}
	return ""
}

// textOf returns the value of a text that is known before the program runs.
func textOf(e ast.Expr, constants map[string]ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := textOf(e.X, constants)
		right, also := textOf(e.Y, constants)
		return left + right, ok && also
	case *ast.Ident:
		if value, ok := constants[e.Name]; ok {
			return textOf(value, nil)
		}
	}
	return "", false
}

var verb = regexp.MustCompile(`%(\[\d+\])?([-+# 0]*[\d.]*[a-zA-Z%])`)

// verbsOf returns the verbs of a format, in the order of their arguments.
func verbsOf(format string) []string {
	next, verbs := 1, map[int]string{}
	for _, found := range verb.FindAllStringSubmatch(format, -1) {
		if found[1] != "" {
			next, _ = strconv.Atoi(strings.Trim(found[1], "[]"))
		}
		verbs[next] = found[2]
		next++
	}
	var sorted []string
	for _, at := range slices.Sorted(maps.Keys(verbs)) {
		sorted = append(sorted, verbs[at])
	}
	return sorted
}

// Every language but that of the source says every error that a page can show,
// with the same arguments, and none has a sentence that nothing says any more.
func TestErrorsAreTranslated(t *testing.T) {
	said := map[string]bool{}
	for _, room := range rooms {
		maps.Copy(said, sentencesOf(t, room))
	}
	if len(said) < 200 {
		t.Fatalf("only %d sentences were found", len(said))
	}
	for _, word := range computed() {
		said[word] = true
	}
	all := openWords()
	for i, language := range languages {
		own := map[string]string{}
		for format, text := range all[language].below(errorsPrefix) {
			own[format] = text
			if !said[format] {
				t.Errorf("%s has a sentence for %q, which no error says", language, format)
			}
		}
		for _, format := range slices.Sorted(maps.Keys(said)) {
			text, ok := own[format]
			switch {
			case !ok && i == 0: // it is said as it is written
			case !ok:
				t.Errorf("%s lacks a sentence for %q", language, format)
			case !slices.Equal(verbsOf(format), verbsOf(text)):
				t.Errorf("%s: %q has the verbs %v, want %v", language, text, verbsOf(text), verbsOf(format))
			case strings.HasSuffix(text, ".") || text == format && strings.Contains(format, " "):
				t.Errorf("%s: %q is no sentence of this language without its point", language, text)
			}
		}
	}
}

func TestFault(t *testing.T) {
	german, english := openWords()["de"], openWords()["en"]
	inner := reeve.Errorf(reeve.Invalid, "params must be a JSON object")
	for _, tt := range []struct {
		err    error
		en, de string
	}{
		{reeve.Errorf(reeve.Limited, "too many failed attempts to sign in; wait %s and try again", reeve.Seconds(1500*time.Millisecond)),
			"Too many failed attempts to sign in; wait 2 seconds and try again.",
			"Zu viele Anmeldungen sind fehlgeschlagen; warten Sie 2 Sekunden, und versuchen Sie es noch einmal."},
		{reeve.Errorf(reeve.Conflict, "this job cannot be ordered again: %s", reeve.Inner{Err: fmt.Errorf("outer: %w", inner.Because(errors.New("secret")))}),
			"This job cannot be ordered again: params must be a JSON object.",
			"Dieser Auftrag lässt sich nicht wiederholen: Die Parameter müssen ein JSON-Objekt sein."},
		{reeve.Errorf(reeve.Conflict, "%s cannot be undone: no action is its opposite", reeve.Word("delete")),
			"Delete from the inventory cannot be undone: no action is its opposite.",
			"„Aus dem Bestand löschen“ lässt sich nicht rückgängig machen: Keine Aktion ist das Gegenteil."},
		{reeve.Errorf(reeve.Invalid, "the name of the %s must have 1 to %d printable characters", reeve.Word("group"), 64),
			"The name of the group must have 1 to 64 printable characters.",
			"Der Name (Gruppe) muss 1 bis 64 druckbare Zeichen haben."},
		{reeve.Errorf(reeve.Invalid, "commands that ended %s are not ordered again; choose from failed, expired, refused and cancelled", reeve.Succeeded),
			"Commands that ended succeeded are not ordered again; choose from failed, expired, refused and cancelled.",
			"Befehle mit dem Ausgang „gelungen“ werden nicht noch einmal angeordnet; wählen Sie aus fehlgeschlagen, abgelaufen, abgelehnt und abgebrochen."},
		{reeve.Errorf(reeve.Invalid, "%s", reeve.Word("full_scan must be 0 for a custom scan or 1 for a full one")),
			"The kind of scan must be a custom or a full one.",
			"Der Parameter full_scan muss 0 sein für eine Suche in Teilen oder 1 für eine ganze."},
		{reeve.Errorf(reeve.Forbidden, "your role does not have the scope %s; ask an administrator for one that has it", reeve.Write),
			"Your role does not let you act on devices; ask an administrator for one that does.",
			"Ihre Rolle hat das Recht „Handeln“ nicht; bitten Sie einen Administrator um eine, die es hat."},
		{errors.New("secret"), "Something went wrong on the server; its log says what, try again later.",
			"Auf dem Server ist etwas fehlgeschlagen; sein Protokoll sagt, was; versuchen Sie es später noch einmal."},
	} {
		if got := english.fault(tt.err); got != tt.en {
			t.Errorf("%q, want %q", got, tt.en)
		}
		if got := german.fault(tt.err); got != tt.de {
			t.Errorf("%q, want %q", got, tt.de)
		}
	}
}
