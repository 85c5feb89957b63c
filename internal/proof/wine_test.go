package proof

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A wine is a folder in which programs for Windows run, under Debian's Wine.
type wine struct {
	t     testing.TB
	drive string   // C: as this machine sees it
	agent string   // the program
	set   []string // sets the environment of the program behind it
}

func newWine(t *testing.T) *wine {
	t.Helper()
	prefix := t.TempDir()
	w := &wine{t: t, drive: filepath.Join(prefix, "drive_c")}
	// LC_ALL has the letters that file names may have.
	w.set = []string{"env", "WINEPREFIX=" + prefix, "WINEDEBUG=-all", "LC_ALL=C.UTF-8"}
	w.do(w.run("wineboot", "-i"))
	t.Cleanup(func() { command(append(w.set, "/usr/lib/wine/wineserver64", "-k", "-w")).Run() })
	// All of this machine would be another drive.
	must(t, os.Remove(filepath.Join(prefix, "dosdevices", "z:")))
	w.do([]string{"x86_64-w64-mingw32-gcc", "-shared", "-o", filepath.Join(w.drive, "windows", "system32", "bcryptprimitives.dll"),
		filepath.Join("testdata", "bcryptprimitives.c"), "-ladvapi32"})
	w.agent = filepath.Join(w.drive, "reeve", "reeve-agent.exe")
	w.build("build", w.agent, "reeve/cmd/reeve-agent")
	return w
}

// run is the command line of a program for Windows. It names the loader itself:
// the wrappers would be one process more to kill, and env becomes the loader.
func (w *wine) run(args ...string) []string {
	return slices.Concat(w.set, []string{"/usr/lib/wine/wine64"}, args)
}

func command(line []string) *exec.Cmd { return exec.Command(line[0], line[1:]...) }

// build makes a program for Windows.
func (w *wine) build(how, file, room string, more ...string) {
	w.t.Helper()
	build := exec.Command("go", slices.Concat([]string{how}, more, []string{"-o", file, room})...)
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		w.t.Fatalf("building %s for Windows: %v\n%s", room, err, out)
	}
}

// put writes a file on the drive C:, in folders of its own, and returns its path
// on this machine.
func (w *wine) put(path, content string) string {
	w.t.Helper()
	path = filepath.Join(w.drive, path)
	must(w.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(w.t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

// call runs the agent's program with something on its standard input.
func (w *wine) call(input string, args ...string) (out string, code int) {
	w.t.Helper()
	cmd := command(w.run(append([]string{w.agent}, args...)...))
	cmd.Env, cmd.Stdin = cleanEnvironment(), strings.NewReader(input)
	b, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(b), exit.ExitCode()
	}
	must(w.t, err)
	return string(b), 0
}

func (w *wine) do(line []string) {
	w.t.Helper()
	if out, err := command(line).CombinedOutput(); err != nil {
		w.t.Fatalf("%q: %v\n%s", line, err, out)
	}
}

// path writes a path on the drive C: as Windows does.
func (w *wine) path(path string) string {
	below, ok := strings.CutPrefix(path, w.drive)
	if !ok {
		w.t.Fatalf("%s is not on the drive", path)
	}
	return `C:` + strings.ReplaceAll(below, "/", `\`)
}
