package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"reeve/internal/console"
	"reeve/internal/depot"
	"reeve/internal/door"
	following "reeve/internal/watch"
)

// A visitor is an administrator with a browser.
type visitor struct {
	past   *past
	bench  *bench
	client *http.Client
	base   string
	doors  atomic.Pointer[http.Handler]
	watch  atomic.Int64 // nanoseconds of the server for its last answer
}

// visitorName is how the visitor signs in.
const visitorName = "visitor"

// visit starts a server with the console and signs in by its form.
func (b *bench) visit(ctx context.Context, p *past) (*visitor, error) {
	v := &visitor{past: p, bench: b}
	server := httptest.NewUnstartedServer(http.HandlerFunc(v.serve))
	v.base = "http://" + server.Listener.Addr().String() + console.Prefix
	v.open()
	server.Start()
	b.after(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v.client = &http.Client{Jar: jar, Transport: &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if err := p.make(ctx); err != nil {
		return nil, err
	}
	answer, err := v.client.PostForm(v.base+"sign-in", url.Values{"name": {visitorName}, "password": {p.made.password}})
	if err != nil {
		return nil, err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("signing in was answered %s", answer.Status)
	}
	return v, nil
}

// open puts the console together anew, with the rules of now.
func (v *visitor) open() {
	p := v.past
	doors := door.Open(door.Config{Keeper: p.rules, Log: slog.New(slog.DiscardHandler)}, console.Routes(console.Config{
		Rules: p.rules, Public: strings.TrimSuffix(v.base, console.Prefix), Packages: depot.Open(v.bench.dir), Jobs: following.New(following.Config{Look: p.store.JobsByID}),
	}))
	v.doors.Store(&doors)
}

// serve takes the time of an answer, and of one that goes on until it begins.
func (v *visitor) serve(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	first := &firstByte{ResponseWriter: w, v: v, began: began}
	(*v.doors.Load()).ServeHTTP(first, r)
	if !first.goesOn {
		v.watch.Store(int64(time.Since(began)))
	}
}

func (v *visitor) took() time.Duration { return time.Duration(v.watch.Load()) }

// A firstByte notes when an answer begins.
type firstByte struct {
	http.ResponseWriter
	v      *visitor
	began  time.Time
	goesOn bool // it is a file or a stream of news
	wrote  bool
}

func (f *firstByte) Unwrap() http.ResponseWriter { return f.ResponseWriter }

func (f *firstByte) Write(b []byte) (int, error) {
	if !f.wrote {
		kind := f.Header().Get("Content-Type")
		f.wrote, f.goesOn = true, strings.HasPrefix(kind, "text/csv") || strings.HasPrefix(kind, "text/event-stream")
		if f.goesOn {
			f.v.watch.Store(int64(time.Since(f.began)))
		}
	}
	return f.ResponseWriter.Write(b)
}

// get asks for what a browser would and returns what comes: of what goes on, the
// beginning.
func (v *visitor) get(address string) ([]byte, error) {
	method, body := http.MethodGet, ""
	if form, is := strings.CutPrefix(strings.TrimPrefix(address, v.base), "POST "); is {
		path, fields, _ := strings.Cut(form, "?")
		method, address, body = http.MethodPost, v.base+path, fields
	}
	request, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "gzip")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := v.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s was answered %s", address, answer.Status)
	}
	if kind := answer.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/csv") || strings.HasPrefix(kind, "text/event-stream") {
		some := make([]byte, 1)
		_, err := answer.Body.Read(some)
		return some, err
	}
	return io.ReadAll(answer.Body)
}

// times asks for a page so many times.
func (v *visitor) times(name string, page pageOf, times int) (taken, error) {
	one := taken{name: name}
	waited, burnt := make([]time.Duration, times), make([]time.Duration, times)
	for i := range waited {
		before := processor()
		body, err := v.get(v.base + page(v.past))
		if err != nil {
			return one, err
		}
		waited[i], burnt[i], one.size = v.took(), processor()-before, max(one.size, len(body))
	}
	slices.Sort(waited)
	slices.Sort(burnt)
	one.middle, one.almost, one.cost = percentile(waited, 50), percentile(waited, 95), percentile(burnt, 50)
	return one, nil
}

// processor is the time that this process has had of one.
func processor() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// named are the addresses of static files in pages, and imported those of
// scripts in scripts.
var (
	named    = regexp.MustCompile(`/console/static/[^"#?]+`)
	imported = regexp.MustCompile(`import[^"']*["']\./([^"']+)["']`)
)

// weigh returns how many bytes a browser receives that has nothing yet: the page,
// and all files that it and its scripts name.
func (v *visitor) weigh(path string) (int, error) {
	root := strings.TrimSuffix(v.base, console.Prefix)
	seen, sum := map[string]bool{}, 0
	wanted := []string{console.Prefix + path}
	for len(wanted) > 0 {
		next := wanted[0]
		if wanted = wanted[1:]; seen[next] {
			continue
		}
		seen[next] = true
		address := root + next
		if strings.HasPrefix(path, "POST ") && next == console.Prefix+path {
			address = v.base + path
		}
		packed, err := v.get(address)
		if err != nil {
			return 0, err
		}
		sum += len(packed)
		text, err := unpacked(packed)
		if err != nil {
			return 0, err
		}
		wanted = append(wanted, named.FindAllString(text, -1)...)
		for _, script := range imported.FindAllStringSubmatch(text, -1) {
			wanted = append(wanted, next[:strings.LastIndex(next, "/")+1]+script[1])
		}
	}
	return sum, nil
}

// unpacked is what was sent, which may be packed.
func unpacked(sent []byte) (string, error) {
	z, err := gzip.NewReader(bytes.NewReader(sent))
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return string(sent), nil
	}
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(z)
	return string(text), err
}
