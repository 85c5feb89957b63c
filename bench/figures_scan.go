package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"reeve/internal/agent/host"
	threats "reeve/internal/agent/scan"
)

// What a scan with the built-in engine costs, beside what nobody can do without
// and beside what others do.
func init() {
	define(figure{
		name: "scan-hashing-ratio",
		goal: atLeast(0.6),
		about: "speed of a scan with the built-in engine, 20,000 hash and 2,000 body signatures, archives unpacked, over that of the SHA-256 " +
			"of the same files alone, on one thread of the same priority; 300 MB sampled from /usr",
		run: func(ctx context.Context, b *bench) (float64, error) {
			return b.scanRatio(ctx, 300e6, 5, func(files, _ string) (time.Duration, error) {
				begin := time.Now()
				err := errors.New("nothing was hashed")
				host.Open(b.dir).Quietly(func() { err = hashFiles(files) })
				return time.Since(begin), err
			})
		},
	})
	define(figure{
		name:  "scan-clamscan-ratio",
		goal:  atLeast(3),
		about: "speed of the same scan over that of clamscan with the same signatures, of the same priority; 150 MB sampled from /usr",
		run: func(ctx context.Context, b *bench) (float64, error) {
			return b.scanRatio(ctx, 150e6, 3, func(files, signatures string) (time.Duration, error) {
				begin := time.Now()
				said, err := exec.CommandContext(ctx, "nice", "-n", "19", "clamscan", "-r", "-i", "--no-summary", "-d", signatures, files).CombinedOutput()
				if err != nil {
					return 0, fmt.Errorf("clamscan: %w: %s", err, said)
				}
				return time.Since(begin), nil
			})
		},
	})
}

// scanRatio compares a scan with something else done to the same files.
func (b *bench) scanRatio(ctx context.Context, bytes int64, times int, other func(files, signatures string) (time.Duration, error)) (float64, error) {
	files, _, err := b.sample(bytes)
	if err != nil {
		return 0, err
	}
	signatures := filepath.Join(b.dir, "signatures")
	if err := writeSignatures(signatures, 20_000, 2_000); err != nil {
		return 0, err
	}
	machine := host.Open(b.dir)
	ours := func() (time.Duration, error) {
		begin := time.Now()
		var r threats.Result
		machine.Quietly(func() {
			engines := []threats.Engine{threats.BuiltIn([]string{signatures}, machine.Quietly)}
			r = threats.Scan(ctx, engines, []threats.Root{{Path: files}}, threats.Options{Open: machine.OpenFile, Device: machine.Device}, nil)
		})
		if r.Engines[0].Signatures.Count != 22_001 || r.Counts.Errors+r.Counts.Threats > 0 {
			return 0, fmt.Errorf("the scan says %+v of %+v", r.Counts, r.Engines[0].Signatures)
		}
		return time.Since(begin), nil
	}
	slower, err := ratio(times, ours, func() (time.Duration, error) { return other(files, signatures) })
	return 1 / slower, err
}

func hashFiles(dir string) error {
	digest, buffer := sha256.New(), make([]byte, 1<<18)
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		digest.Reset()
		_, err = io.CopyBuffer(digest, struct{ io.Reader }{file}, buffer)
		return err
	})
}

// writeSignatures writes signatures of the usual kinds that match nothing:
// hashes with the size of a file between a kilobyte and eight megabytes, and
// bodies of fixed bytes with a wildcard, a gap or a choice among them.
func writeSignatures(dir string, hashes, bodies int) error {
	dice := rand.New(rand.NewPCG(1, 2))
	octets := func(n int) string {
		text := make([]byte, n)
		for i := range text {
			text[i] = byte(dice.IntN(256))
		}
		return hex.EncodeToString(text)
	}
	size := func() int { return int(math.Exp(math.Log(1e3) + dice.Float64()*math.Log(8e3))) }
	var short, long, body strings.Builder
	for i := range hashes / 2 {
		fmt.Fprintf(&short, "%s:%d:Bench.Short-%d\n", octets(16), size(), i)
		fmt.Fprintf(&long, "%s:%d:Bench.Long-%d\n", octets(32), size(), i)
	}
	middles := []func() string{
		func() string { return "" },
		func() string { return "??" },
		func() string { return "*" },
		func() string { return "{2-10}" },
		func() string { return "(" + octets(1) + "|" + octets(1) + ")" },
		func() string { return "{-64}" },
	}
	for i := range bodies {
		offset := []string{"*", "*", "*", "*", "*", "*", "*", "0", "EOF-100,50", "1000,200"}[i%10]
		if i%6 == 2 { // an open gap, which what counts from the end cannot have here
			offset = "*"
		}
		fmt.Fprintf(&body, "Bench.Body-%d:%d:%s:%s%s%s\n", i, []int{0, 0, 0, 1, 6}[i%5], offset, octets(8+dice.IntN(24)), middles[i%6](), octets(4+dice.IntN(24)))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, content := range map[string]string{"bench.hdb": short.String(), "bench.hsb": long.String(), "bench.ndb": body.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}
