package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"reeve"
	"reeve/client"
)

func setsCommand() *cobra.Command {
	return family("sets", "Signature sets and YARA rules for agents", setsUpload(), setsList(), setsShow(), setsAssign(), setsUnassign(), setsRemove())
}

var setColumns = []column[client.SignatureSet]{
	{"NAME", func(s client.SignatureSet) string { return s.Name }},
	{"VERSION", func(s client.SignatureSet) string { return fmt.Sprint(s.Version) }},
	{"IN FORCE", func(s client.SignatureSet) string { return yesOrNo(s.InForce) }},
	{"FILES", func(s client.SignatureSet) string { return fmt.Sprint(len(s.Files)) }},
	{"BYTES", func(s client.SignatureSet) string { return fmt.Sprint(s.Bytes) }},
	{"CREATED", func(s client.SignatureSet) string { return moment(s.Created) }},
	{"BY", func(s client.SignatureSet) string { return s.By }},
	{"DESCRIPTION", func(s client.SignatureSet) string { return s.Description }},
}

func setsUpload() *cobra.Command {
	cmd := &cobra.Command{Use: "upload NAME PATH...", Short: "Create the next version of a set from files, and from the files of folders",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("usage: %s", cmd.UseLine())
			}
			return nil
		}}
	description := cmd.Flags().String("description", "", "what the version is")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		paths, err := setFiles(args[1:])
		if err != nil {
			return err
		}
		files := map[string]io.Reader{}
		for name, path := range paths {
			files[name] = &lazily{path: path}
		}
		set, err := c.Upload(ctx, args[0], *description, files)
		if err != nil {
			return err
		}
		return one(o, set, setColumns)
	})
}

// setFiles returns files by the names that they have in a set. Of a folder they
// are those that a set can have.
func setFiles(paths []string) (map[string]string, error) {
	files := map[string]string{}
	add := func(path string) error {
		name := filepath.Base(path)
		if files[name] != "" && files[name] != path {
			return usagef("%s and %s have the same name", files[name], path)
		}
		files[name] = path
		return nil
	}
	for _, path := range paths {
		entries, err := os.ReadDir(path)
		if err != nil { // a file
			if err := add(path); err != nil {
				return nil, err
			}
			continue
		}
		for _, e := range entries {
			if e.Type().IsRegular() && reeve.IsSetFile(e.Name()) {
				if err := add(filepath.Join(path, e.Name())); err != nil {
					return nil, err
				}
			}
		}
	}
	if len(files) == 0 {
		return nil, usagef("there is no file with an ending of .hdb, .hsb, .ndb, .yar or .yara")
	}
	return files, nil
}

// lazily opens a file when it is read, so that one is open at a time.
type lazily struct {
	path string
	file *os.File
}

func (l *lazily) Read(p []byte) (n int, err error) {
	if l.file == nil {
		if l.file, err = os.Open(l.path); err != nil {
			return 0, err
		}
	}
	n, err = l.file.Read(p)
	if err != nil {
		l.file.Close()
	}
	return n, err
}

func setsList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List the versions of all sets", Args: exactly()}
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return list(o, c.Sets(ctx), setColumns)
	})
}

func setsShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show NAME", Short: "Show the files of a set's newest version", Args: exactly("NAME")}
	version := cmd.Flags().Int64("set-version", 0, "another version")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		for s, err := range c.Sets(ctx) {
			switch {
			case err != nil:
				return err
			case s.Name != args[0] || *version != 0 && s.Version != *version:
			case o.json:
				return o.object(s)
			default:
				return list(o, sequence(s.Files), []column[client.SetFile]{
					{"FILE", func(f client.SetFile) string { return f.Name }},
					{"BYTES", func(f client.SetFile) string { return fmt.Sprint(f.Size) }},
					{"SHA-256", func(f client.SetFile) string { return f.SHA256 }},
				})
			}
		}
		return fmt.Errorf("there is no such version of a set; reeve sets list shows them")
	})
}

func setsRemove() *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME VERSION", Short: "Remove a version that no agent is told to use", Args: exactly("NAME", "VERSION")}
	return remote(cmd, func(ctx context.Context, c *client.Client, _ output, args []string) error {
		version, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return usagef("VERSION must be a whole number")
		}
		return c.RemoveSet(ctx, args[0], version)
	})
}

func setsAssign() *cobra.Command {
	cmd := &cobra.Command{Use: "assign NAME", Short: "Let agents have a set, in its newest version unless another is named", Args: exactly("NAME")}
	group := groupFlag(cmd)
	version := cmd.Flags().Int64("set-version", 0, "this version and no later one")
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, args []string) error {
		return changeSettings(ctx, c, o, *group, client.AgentSettingsChange{Set: &args[0], SetVersion: version})
	})
}

func setsUnassign() *cobra.Command {
	cmd := &cobra.Command{Use: "unassign", Short: "Let agents have no set", Args: exactly()}
	group := groupFlag(cmd)
	return remote(cmd, func(ctx context.Context, c *client.Client, o output, _ []string) error {
		return changeSettings(ctx, c, o, *group, client.AgentSettingsChange{Set: new("")})
	})
}
