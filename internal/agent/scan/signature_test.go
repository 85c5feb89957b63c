package scan

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const (
	md5Hex    = "d41d8cd98f00b204e9800998ecf8427e"
	sha1Hex   = "da39a3ee5e6b4b0d3255bfef95601890afd80709"
	sha256Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		line string
		want error
		size int64
	}{
		"MD5":                {md5Hex + ":68:Win.Test-1", nil, 68},
		"SHA-1":              {sha1Hex + ":0:Empty", nil, 0},
		"SHA-256, any size":  {sha256Hex + ":*:Any:73", nil, anySize},
		"upper case digest":  {strings.ToUpper(md5Hex) + ":1:Upper", nil, 1},
		"both levels":        {md5Hex + ":1:Levels:73:255", nil, 1},
		"an open level":      {md5Hex + ":1:Levels:73:", nil, 1},
		"empty":              {"", errFields, 0},
		"two fields":         {md5Hex + ":1", errFields, 0},
		"digest too short":   {md5Hex[2:] + ":1:n", errDigest, 0},
		"half a byte":        {md5Hex + "a:1:n", errDigest, 0},
		"digest not hex":     {"x" + md5Hex[1:] + ":1:n", errDigest, 0},
		"size missing":       {md5Hex + "::n", errSize, 0},
		"size negative":      {md5Hex + ":-1:n", errSize, 0},
		"size out of range":  {md5Hex + ":9007199254740993:n", errSize, 0},
		"size beyond 64 bit": {md5Hex + ":99999999999999999999:n", errSize, 0},
		"name missing":       {md5Hex + ":1:", errName, 0},
		"name unprintable":   {md5Hex + ":1:a\x1bb", errName, 0},
		"name too long":      {md5Hex + ":1:" + strings.Repeat("n", maxName+1), errName, 0},
		"level not a number": {md5Hex + ":1:n:new", errLevel, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var buffer [maxDigest]byte
			s, err := parse([]byte(tt.line), &buffer)
			if err != tt.want {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil && s.size != tt.size {
				t.Errorf("size %d, want %d", s.size, tt.size)
			}
		})
	}
}

// What is accepted can be written again and then means the same.
func FuzzParse(f *testing.F) {
	for _, line := range []string{md5Hex + ":68:a:73", sha1Hex + ":*:b", sha256Hex + ":1:c:1:2", "::", md5Hex + ":1", "#"} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var buffer [maxDigest]byte
		s, err := parse(line, &buffer)
		if err != nil {
			return
		}
		size := fmt.Sprint(s.size)
		if s.size == anySize {
			size = "*"
		}
		again := fmt.Sprintf("%s:%s:%s", hex.EncodeToString(s.digest), size, s.name)
		var second [maxDigest]byte
		if s2, err := parse([]byte(again), &second); err != nil || second != buffer || s2.size != s.size || string(s2.name) != string(s.name) {
			t.Errorf("%q was read as %q, which is read as %+v, %v", line, again, s2, err)
		}
	})
}

// A million signatures must not blow up an agent: 200,000 stay below 64 bytes
// each, names included, and the last of them is found.
func TestSignaturesAreFrugal(t *testing.T) {
	const count = 200_000
	folder := t.TempDir()
	file, err := os.Create(filepath.Join(folder, "many.hdb"))
	if err != nil {
		t.Fatal(err)
	}
	out := bufio.NewWriter(file)
	for i := range count {
		fmt.Fprintf(out, "%032x:%d:Synthetic.Family-%d\n", i*7919, i, i)
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	file.Close()

	before := heap()
	signatures, set, err := load([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	grown := heap() - before
	if grown > count*64 {
		t.Errorf("%d signatures take %d bytes, more than 64 each", count, grown)
	}
	if signatures.Count != count+1 {
		t.Errorf("%d signatures, want %d", signatures.Count, count+1)
	}
	digest, _ := hex.DecodeString(fmt.Sprintf("%032x", (count-1)*7919))
	at, ok := set.lists[0].find(digest, count-1)
	if want := fmt.Sprintf("Synthetic.Family-%d", count-1); !ok || string(set.name(at)) != want {
		t.Errorf("the last signature was not found")
	}
	if _, ok := set.lists[0].find(digest, count); ok {
		t.Error("a digest was found with another size")
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
