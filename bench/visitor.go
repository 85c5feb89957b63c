package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"reeve"
	"reeve/internal/console"
	"reeve/internal/depot"
	"reeve/internal/door"
	following "reeve/internal/watch"
)

// A visitor is an administrator with a browser.
type visitor struct {
	past   *past
	client *http.Client
	base   string
	took   time.Duration // of the server for its last answer
}

// visit starts a server with the console and signs in by its form.
func (b *bench) visit(ctx context.Context, p *past) (*visitor, error) {
	v := &visitor{past: p}
	server := httptest.NewUnstartedServer(nil)
	v.base = "http://" + server.Listener.Addr().String() + console.Prefix
	doors := door.Open(door.Config{Keeper: p.rules, Log: slog.New(slog.DiscardHandler)}, console.Routes(console.Config{
		Rules: p.rules, Public: strings.TrimSuffix(v.base, console.Prefix), Packages: depot.Open(b.dir), Jobs: following.New(following.Config{Look: p.store.JobsByID}),
	}))
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		doors.ServeHTTP(w, r)
		v.took = time.Since(began)
	})
	server.Start()
	b.after(server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	v.client = &http.Client{Jar: jar, Transport: &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	boss := reeve.Caller{Account: p.fleet.account.No, Source: reeve.FromConsole, Actor: "operator:bench", Scopes: reeve.RoleAdministrator.Scopes()}
	name := fmt.Sprint("visitor ", rand.Int64())
	_, password, err := p.rules.CreateOperator(ctx, boss, reeve.Operator{Name: name, Role: reeve.RoleAdministrator}, "")
	if err != nil {
		return nil, err
	}
	answer, err := v.client.PostForm(v.base+"sign-in", url.Values{"name": {name}, "password": {password}})
	if err != nil {
		return nil, err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("signing in was answered %s", answer.Status)
	}
	return v, nil
}

// get asks for what a browser would and returns how it came and what it says.
func (v *visitor) get(path string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "gzip")
	answer, err := v.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s was answered %s", path, answer.Status)
	}
	return body, err
}

// times asks for a page so many times, and returns the 95th percentile.
func (v *visitor) times(page pageOf, times int) (time.Duration, error) {
	taken, burnt := make([]time.Duration, times), make([]time.Duration, times)
	size := 0
	for i := range taken {
		path := v.base + page(v.past)
		before := processor()
		body, err := v.get(path)
		if err != nil {
			return 0, err
		}
		taken[i], burnt[i], size = v.took, processor()-before, max(size, len(body))
	}
	slices.Sort(taken)
	slices.Sort(burnt)
	say("median %v, 95th percentile %v; processor time of both sides %v, %v; %d bytes", percentile(taken, 50), percentile(taken, 95),
		percentile(burnt, 50), percentile(burnt, 95), size)
	return percentile(taken, 95), nil
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
		packed, err := v.get(root + next)
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
