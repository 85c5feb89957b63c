package console

import (
	"strings"

	"reeve/internal/depot"
	"reeve/internal/door"
)

func (c *console) enrolRoutes() []door.Route {
	return []door.Route{
		c.open("GET", "enrol", "", c.enrol),
	}
}

// An enrolPage tells people how to give a machine an agent: by one line for each
// system. The code comes in the part of the address that browsers keep to
// themselves, or is typed; the server never sees it here.
type enrolPage struct{ Ways []way }

// A way is the line for one system.
type way struct {
	System, Arch string
	Line         string // with codeMark where the registration code belongs
	Ready        bool   // whether the line fetches the agent, too
}

// codeMark stands in a line for the registration code. It is like one, so that
// nothing of it needs quoting and no shell takes it for anything else.
const codeMark = "YOURCODE"

func (c *console) enrol(v *visit) (*page, error) {
	ways, err := c.ways(codeMark)
	if err != nil {
		return nil, err
	}
	return &page{name: "enrol", title: "enrol.title", data: enrolPage{ways}, bare: v.Caller.Account == 0}, nil
}

// ways returns the lines of all systems with a registration code: those that
// fetch a package which the server has, and for other systems what to run where
// the agent is already.
func (c *console) ways(code string) ([]way, error) {
	packages, err := c.Packages.Packages()
	if err != nil {
		return nil, err
	}
	var ways []way
	for _, system := range []string{"debian", "fedora", "linux", "macos", "windows"} {
		before := len(ways)
		for _, p := range packages {
			if p.System == system {
				ways = append(ways, way{system, p.Arch, c.line(p, code), true})
			}
		}
		if len(ways) == before {
			ways = append(ways, way{System: system, Line: c.plainLine(system, code)})
		}
	}
	return ways, nil
}

// line fetches a package, checks that it is the one that this page means, which
// also holds where the server's certificate is its own, and installs it.
func (c *console) line(p depot.Package, code string) string {
	url := c.Public + depot.Prefix + p.File
	insecure := ""
	if c.Pin != "" {
		insecure = "k"
	}
	if p.System == "windows" {
		return "curl.exe -fsS" + insecure + "Lo " + powershell(p.File) + " " + powershell(url) +
			"; if ((Get-FileHash " + powershell(p.File) + ").Hash -ne " + powershell(p.SHA256) + ") { throw " + powershell(p.File+" is not what it should be") + " }" +
			"; Expand-Archive -Force " + powershell(p.File) + " .; & " + powershell(`.\`+p.Folder+`\reeve-agent.exe`) + c.options(powershell, code)
	}
	get := "curl -fsS" + insecure + "Lo " + shell(p.File) + " " + shell(url) + " && echo " + shell(p.SHA256+"  "+p.File)
	switch p.System {
	case "debian":
		return get + " | sha256sum -c && sudo apt-get install -y " + shell("./"+p.File) + " && sudo reeve-agent" + c.options(shell, code)
	case "fedora":
		return get + " | sha256sum -c && sudo rpm -U " + shell(p.File) + " && sudo reeve-agent" + c.options(shell, code)
	case "macos":
		return get + " | shasum -a 256 -c && tar -xzf " + shell(p.File) + " && cd " + shell(p.Folder) + " && ./install.sh" + strings.TrimPrefix(c.options(shell, code), " install")
	default:
		return get + " | sha256sum -c && tar -xzf " + shell(p.File) + " && sudo " + shell("./"+p.Folder+"/reeve-agent") + c.options(shell, code)
	}
}

// plainLine is for a machine that has the agent's program already.
func (c *console) plainLine(system, code string) string {
	switch system {
	case "windows":
		return `.\reeve-agent.exe` + c.options(powershell, code)
	case "macos":
		return "./install.sh" + strings.TrimPrefix(c.options(shell, code), " install")
	}
	return "sudo reeve-agent" + c.options(shell, code)
}

func (c *console) options(quote func(string) string, code string) string {
	line := " install --server " + quote(c.Public)
	if c.Pin != "" {
		line += " --pin " + quote(c.Pin)
	}
	return line + " --code " + quote(code)
}

// shell quotes a word for POSIX shells.
func shell(word string) string {
	if word != "" && !strings.ContainsFunc(word, unsafe) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// powershell quotes a word for PowerShell, which ends such a text also at quotes
// that only look like one.
func powershell(word string) string {
	if word != "" && word[0] != '.' && !strings.ContainsFunc(word, unsafe) {
		return word
	}
	return "'" + strings.NewReplacer("'", "''", "‘", "‘‘", "’", "’’", "‚", "‚‚", "‛", "‛‛").Replace(word) + "'"
}

// unsafe reports whether a character may mean something to a shell.
func unsafe(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=+", r))
}
