package host

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/windows"
)

// putLiterally makes a file that most programs cannot name.
func putLiterally(t *testing.T, path, content string) {
	t.Helper()
	name, err := windows.UTF16PtrFromString(literal(path))
	if err != nil {
		t.Fatal(err)
	}
	handle, err := windows.CreateFile(name, windows.GENERIC_WRITE, 0, nil, windows.CREATE_NEW, 0, 0)
	if err != nil {
		t.Fatalf("making %q: %v", path, err)
	}
	file := os.NewFile(uintptr(handle), path)
	_, err = file.WriteString(content)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Every file is opened as what its folder calls it, however odd. (Wine loses
// dots and blanks at the end of names, and cannot tell long paths.)
func TestNamesToTheLetterOnWindows(t *testing.T) {
	dir := folder(t)
	want := []string{"aux.txt", "größe 文件 \U0001f600.bin", "nul", "plain.txt"}
	for _, name := range want {
		putLiterally(t, dir+`\`+name, name)
	}
	machine := Open(dir)
	opened, err := machine.OpenFile(nil, dir, true)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	listed, err := opened.Readdirnames(-1)
	if slices.Sort(listed); err != nil || !slices.Equal(listed, want) {
		t.Errorf("listed are %q, %v", listed, err)
	}
	for _, name := range listed {
		file, err := machine.OpenFile(opened, name, false)
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if text, err := io.ReadAll(file); string(text) != name || err != nil {
			t.Errorf("%q holds %q, %v", name, text, err)
		}
		file.Close()
	}
}

// Nothing that a server or a rule names gets out of the folder that it is in.
func TestNamesLeadNowhereElseOnWindows(t *testing.T) {
	dir := folder(t)
	put(t, filepath.Join(dir, "outside"), "x")
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	machine := Open(dir)
	in, err := machine.OpenFile(nil, filepath.Join(dir, "in"), true)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, name := range []string{`..\outside`, `../outside`, `.\..\outside`, "gone"} {
		if file, err := machine.OpenFile(in, name, false); err == nil {
			t.Errorf("%q opens %s", name, file.Name())
			file.Close()
		}
	}
}
