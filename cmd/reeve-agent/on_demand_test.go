package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"reeve/internal/agent/linetest"
)

// tree lists everything below a folder.
func tree(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A guest leaves nothing: on the machine no file, on the server no record.
func TestOnDemand(t *testing.T) {
	s := linetest.Start(t, true)
	temp, home := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("HOME", home)
	t.Chdir(home)
	// What an agent left that was killed, and what is none of its business.
	for _, path := range []string{"reeve-on-demand-1/logs", "reeve-on-demand-2", "other"} {
		if err := os.MkdirAll(filepath.Join(temp, path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"reeve-on-demand-1/lock", "reeve-on-demand-1/logs/agent.log", "other/lock"} {
		if err := os.WriteFile(filepath.Join(temp, path), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := slices.DeleteFunc(tree(t, temp), func(path string) bool { return strings.Contains(path, "reeve-on-demand-1") })

	stop, says := start(t, "--on-demand", "--server", s.URL, "--pin", s.Pin, "--code", linetest.Code)
	linetest.Eventually(t, "the agent is connected", func() bool { return strings.Contains(says.String(), "connected") })
	address := s.Addresses()[0]
	if hello := s.Hellos()[address]; hello.Kind != "on_demand" {
		t.Errorf("it is of kind %s", hello.Kind)
	}
	var private string
	for _, path := range tree(t, temp) {
		if filepath.Base(path) == "identity.json" {
			t.Error("the key is on the disk")
		}
		if info, err := os.Stat(path); err == nil && strings.Contains(path, "reeve-on-demand-") && !slices.Contains(before, path) && filepath.Dir(path) == temp {
			if private = path; info.Mode().Perm() != 0o700 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
		}
	}
	if private == "" {
		t.Error("there is no private folder")
	}
	if code := stop(); code != exitDone {
		t.Errorf("stopped with code %d: %s", code, says)
	}
	if !s.Retired()[address] {
		t.Error("the server was not told that it left")
	}
	if after := tree(t, temp); !slices.Equal(after, before) {
		t.Errorf("among the temporary files are %q, before were %q", after, before)
	}
	if after := tree(t, home); len(after) != 1 {
		t.Errorf("at home are %q", after)
	}

	// A second run is another device. Without a server it leaves nothing either.
	stop, says = start(t, "--on-demand", "--server", s.URL, "--pin", s.Pin, "--code", linetest.Code)
	linetest.Eventually(t, "the agent is connected", func() bool { return strings.Contains(says.String(), "connected") })
	if n := len(s.Addresses()); n != 2 {
		t.Errorf("%d devices enrolled", n)
	}
	s.StopBus()
	s.CloseDoor()
	if code := stop(); code != exitFailed || !strings.Contains(says.String(), "not told that this agent leaves") {
		t.Errorf("stopped with code %d: %s", code, says)
	}
	if after := tree(t, temp); !slices.Equal(after, before) {
		t.Errorf("among the temporary files are %q, before were %q", after, before)
	}
}

func TestKindsExclude(t *testing.T) {
	for _, args := range [][]string{
		{"--on-demand", "--state", "x"}, {"--on-demand", "--domain", "ldaps://dc", "--domain-user", "u", "--domain-password-file", "f"},
		{"--state", "x", "--domain", "ldap://dc", "--domain-user", "u", "--domain-password-file", "f"},
		{"--state", "x", "--domain", "ldaps://dc"}, {"--state", "x", "--domain-user", "u"},
	} {
		if code, _, errors := call(t, "", append([]string{"run"}, args...)...); code != exitUsage {
			t.Errorf("%q: code %d, %s", args, code, errors)
		}
	}
}
