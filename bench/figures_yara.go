package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"reeve/internal/agent/host"
	threats "reeve/internal/agent/scan"
)

// What the agent's pass over the files costs beside what yara does with them.
func init() {
	define(figure{
		name: "scan-yara-ratio",
		goal: atLeast(0.95),
		about: "speed of a scan with the YARA engine alone, over that of yara -r by hand with the same 500 compiled rules, " +
			"number of threads and priority; 300 MB sampled from /usr",
		run: func(ctx context.Context, b *bench) (float64, error) {
			files, _, err := b.sample(300e6)
			if err != nil {
				return 0, err
			}
			rules, compiled := filepath.Join(b.dir, "rules"), filepath.Join(b.dir, "compiled")
			if err := writeRules(rules, 500); err != nil {
				return 0, err
			}
			if said, err := exec.CommandContext(ctx, "yarac", filepath.Join(rules, "bench.yar"), compiled).CombinedOutput(); err != nil {
				return 0, fmt.Errorf("yarac: %w: %s", err, said)
			}
			setup := host.EngineSetup{Rules: []string{rules}, Cache: filepath.Join(b.dir, "cache")}
			machine := host.Open(b.dir)
			byHand := func() (time.Duration, error) {
				begin := time.Now()
				threads := strconv.Itoa(host.YaraThreads())
				said, err := exec.CommandContext(ctx, "nice", "-n", "19", "yara", "-C", "-r", "-p", threads, compiled, files).CombinedOutput()
				if err != nil {
					return 0, fmt.Errorf("yara: %w: %s", err, said)
				}
				return time.Since(begin), nil
			}
			inPass := func() (time.Duration, error) {
				begin := time.Now()
				var r threats.Result
				machine.Quietly(func() {
					engines := threats.Choose(machine.Engines(setup), []string{"yara"})
					r = threats.Scan(ctx, engines, []threats.Root{{Path: files}}, threats.Options{}, nil)
				})
				if err := r.Engines[0].Unavailable; err != nil {
					return 0, err
				}
				if r.Counts.Missed+r.Counts.Errors > 0 || r.Engines[0].Signatures.Count != 500 {
					return 0, errors.New("not every file was scanned for every rule")
				}
				return time.Since(begin), nil
			}
			if _, err := inPass(); err != nil { // compiles the rules
				return 0, err
			}
			return speed(7, inPass, byHand)
		},
	})
}

// writeRules writes rules of the usual kinds that match next to nothing.
func writeRules(dir string, count int) error {
	dice := rand.New(rand.NewPCG(1, uint64(count)))
	word := func(n int) string {
		var w strings.Builder
		for range n {
			w.WriteByte(byte('a' + dice.IntN(26)))
		}
		return w.String()
	}
	octets := func(n int) string {
		text := make([]string, n)
		for i := range text {
			text[i] = fmt.Sprintf("%02X", dice.IntN(256))
		}
		return strings.Join(text, " ")
	}
	kinds := []func() (text, condition string){
		func() (string, string) { return strconv.Quote(word(9)), "$a" },
		func() (string, string) { return strconv.Quote(word(9)) + " nocase", "$a and filesize < 5MB" },
		func() (string, string) { return strconv.Quote(word(9)) + " wide ascii", "any of them" },
		func() (string, string) { return strconv.Quote(word(10)) + " xor(1-15)", "$a" },
		func() (string, string) {
			return "{ " + octets(5) + " [2-4] " + octets(3) + " ?? " + octets(1) + " }", "$a"
		},
		func() (string, string) { return "/" + word(5) + "[0-9]{2,4}" + word(4) + "/", "$a" },
		func() (string, string) { return strconv.Quote(word(7)), "#a > 3 or elf.number_of_sections > 500" },
		func() (string, string) { return strconv.Quote(word(8)), "for any i in (1..#a): (@a[i] < 4096)" },
	}
	var text strings.Builder
	text.WriteString("import \"elf\"\n")
	for i := range count {
		look, condition := kinds[i%len(kinds)]()
		fmt.Fprintf(&text, "rule bench_%d { strings: $a = %s condition: %s }\n", i, look, condition)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "bench.yar"), []byte(text.String()), 0o600)
}
