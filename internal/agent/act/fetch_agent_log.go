package act

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"reeve"
)

// MaxLogs is how many bytes of log go into an archive, before compression. The
// newest are kept.
const MaxLogs = 32 << 20

// A LogHost knows what helps to understand an agent from afar.
type LogHost interface {
	// StateDir is a folder of the agent's own; the archive is made in UploadDir.
	StateDir() string

	// Logs lists the log files, the newest first.
	Logs() []string

	// Notes are further files of the archive: a name such as "settings.json",
	// and what is written to it as JSON. They must hold no secrets.
	Notes() map[string]any
}

// An entry is one file of an archive.
type entry struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Cut   bool   `json:"cut,omitempty"` // only the file's end is there
}

type logReport struct {
	Name   string  `json:"name"`
	Size   int64   `json:"size"`
	SHA256 string  `json:"sha256"`
	Files  []entry `json:"files"`
}

func init() { perform("fetch_agent_log", true, fetchLog) }

func fetchLog(ctx context.Context, h Host, t Task, _ struct{}, progress func(Progress)) (Outcome, error) {
	folder := UploadDir(h.StateDir(), t.Command)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return Outcome{}, fmt.Errorf("making a place for the archive: %w", err)
	}
	path := filepath.Join(folder, "agent_log.zip")
	report, packed := packedBefore(path)
	if !packed {
		progress(Progress{Percent: -1, Note: "packing"})
		var err error
		if report, err = pack(ctx, path, h.Notes(), h.Logs(), MaxLogs); err != nil {
			os.RemoveAll(folder)
			return Outcome{}, err
		}
		if err := os.WriteFile(path+reportEnd, encode(report), 0o600); err != nil {
			return Outcome{}, fmt.Errorf("describing the archive: %w", err)
		}
	}
	return Outcome{
		Message: fmt.Sprintf("Packed %d files into %d bytes", len(report.Files), report.Size),
		Result:  encode(report),
		Upload:  path,
	}, nil
}

// UploadDir is where a command keeps what it makes for the server, in an agent
// with the given state folder. The loop removes it when the command has ended.
func UploadDir(state, command string) string { return filepath.Join(state, "uploads", command) }

// reportEnd is what the file with an archive's description has behind its name.
// It is written when the archive is complete.
const reportEnd = ".json"

// packedBefore returns the description of an archive that was made by the same
// command before the agent stopped. It is sent as it is: part of it may have
// arrived, and over a slow line a new one might never get through.
func packedBefore(path string) (r logReport, ok bool) {
	text, err := os.ReadFile(path + reportEnd)
	if err != nil || json.Unmarshal(text, &r) != nil {
		return logReport{}, false
	}
	file, err := os.Open(path)
	if err != nil {
		return logReport{}, false
	}
	defer file.Close()
	digest := sha256.New()
	size, err := io.Copy(digest, file)
	return r, err == nil && size == r.Size && hex.EncodeToString(digest.Sum(nil)) == r.SHA256
}

// pack writes the archive, with at most room bytes of logs, and describes it.
func pack(ctx context.Context, path string, notes map[string]any, logs []string, room int64) (logReport, error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return logReport{}, fmt.Errorf("writing the archive: %w", err)
	}
	defer file.Close()
	digest := sha256.New()
	report := logReport{Name: "agent_log.zip"}
	archive := zip.NewWriter(io.MultiWriter(file, digest))

	for _, name := range slices.Sorted(maps.Keys(notes)) {
		bytes, err := addNote(archive, name, notes[name])
		if err != nil {
			return logReport{}, fmt.Errorf("writing the archive: %w", err)
		}
		report.Files = append(report.Files, entry{Name: name, Bytes: bytes})
	}
	for _, log := range logs {
		if ctx.Err() != nil {
			return logReport{}, context.Cause(ctx)
		}
		if room == 0 {
			break
		}
		added, err := addLog(archive, log, room)
		if errors.Is(err, fs.ErrNotExist) {
			continue // rotated away meanwhile
		}
		if err != nil {
			return logReport{}, fmt.Errorf("writing the archive: %w", err)
		}
		room -= added.Bytes
		report.Files = append(report.Files, added)
	}
	if err := errors.Join(archive.Close(), file.Sync(), file.Close()); err != nil {
		return logReport{}, fmt.Errorf("writing the archive: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return logReport{}, fmt.Errorf("measuring the archive: %w", err)
	}
	if len(report.Files) == 0 {
		return logReport{}, reeve.Errorf(reeve.NotFound, "there is nothing to send: this agent keeps no log")
	}
	report.Size, report.SHA256 = info.Size(), hex.EncodeToString(digest.Sum(nil))
	return report, nil
}

func addNote(archive *zip.Writer, name string, note any) (int64, error) {
	text, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return 0, err
	}
	w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now().UTC()})
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(text, '\n'))
	return int64(n), err
}

// addLog adds the last room bytes of a log file, up to its present end.
func addLog(archive *zip.Writer, path string, room int64) (entry, error) {
	file, err := os.Open(path)
	if err != nil {
		return entry{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return entry{}, err
	}
	added := entry{Name: "logs/" + filepath.Base(path), Bytes: min(info.Size(), room)}
	added.Cut = added.Bytes < info.Size()
	if _, err := file.Seek(info.Size()-added.Bytes, io.SeekStart); err != nil {
		return entry{}, err
	}
	header := &zip.FileHeader{Name: added.Name, Method: zip.Deflate, Modified: info.ModTime().UTC()}
	w, err := archive.CreateHeader(header)
	if err != nil {
		return entry{}, err
	}
	added.Bytes, err = io.Copy(w, io.LimitReader(file, added.Bytes))
	return added, err
}
