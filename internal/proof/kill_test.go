package proof

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"reeve/client"
	"reeve/internal/swarm"
)

func TestKills(t *testing.T) {
	t.Parallel()
	survive(t, newServer(t), 5)
}

func TestKillsOnPostgres(t *testing.T) {
	t.Parallel()
	survive(t, newServer(t, "--database", freshSchema(t)), 2)
}

func TestKillsProof(t *testing.T) {
	if !isProof() {
		return
	}
	t.Run("SQLite", func(t *testing.T) { survive(t, newServer(t), 100) })
	t.Run("PostgreSQL", func(t *testing.T) { survive(t, newServer(t, "--database", freshSchema(t)), 20) })
}

// survive kills a server again and again while clients place jobs and agents
// carry them out. Then everything that was answered must be there, done at most
// once, and ended; and of what was not answered there must be all or nothing.
func survive(t *testing.T, s *server, kills int) {
	random := newRandom(t)
	s.start()
	s.grant()
	fleet := swarm.Fleet{Kinds: slices.Concat(
		one(func(k *swarm.Kind) {
			k.Share, k.Offline = 9, 0.1
			k.Work = map[string]swarm.Work{"scan_threats": {Max: 300 * time.Millisecond, Fails: 0.1}}
		}).Kinds,
		one(func(k *swarm.Kind) { k.Agent = "on_demand" }).Kinds,
	)}
	c := muster(t, s, 40, fleet)
	l := newLoad(s, rand.New(rand.NewPCG(random.Uint64(), 1)))
	stop := l.place(4)
	for range kills {
		// One kill of four comes while the server is starting.
		if random.IntN(4) > 0 {
			s.ready()
		}
		pass(time.Duration(random.Int64N(int64(1200*time.Millisecond))), s.done)
		if !s.running() {
			t.Fatalf("the server ended by itself: %v\n%s", s.err, s.log.tail())
		}
		s.kill()
		s.launch()
	}
	// A stop under load loses no more than a kill does, and ends well.
	s.ready()
	pass(300*time.Millisecond, s.done)
	if code, took := s.terminate(t); code != 0 || took > 10*time.Second {
		t.Errorf("told to stop under load, the server ended with %d after %s", code, took)
	}
	s.start()
	l.back = time.Now()
	stop()
	l.check(t, c)
	s.checkLog()
	s.terminate(t)
	s.checkLog()
}

// A placing is one request and what was heard of it.
type placing struct {
	comment, key, action string
	ids                  []string
	status               int // of the answer; 0 for none
	elements             []element
	tries                int
}

type element struct {
	ID        string `json:"id"`
	Status    int    `json:"status"`
	CommandID string `json:"command_id"`
}

// deliverWithin is how long the orders of a load wait for their agents.
const deliverWithin = 5 * time.Second

// A load is clients of the published API that place jobs all the time.
type load struct {
	*server
	devices map[string]client.Device
	ids     []string

	back time.Time // when the server had started for the last time

	mu       sync.Mutex
	random   *rand.Rand
	placings []*placing
}

func newLoad(s *server, random *rand.Rand) *load {
	l := &load{server: s, devices: map[string]client.Device{}, random: random}
	for _, d := range s.devices() {
		l.devices[d.ID] = d
		l.ids = append(l.ids, d.ID)
	}
	return l
}

// place begins to place with so many clients. The returned function lets them
// come to an end.
func (l *load) place(clients int) (stop func()) {
	ctx, cancel := context.WithCancel(l.t.Context())
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			for ctx.Err() == nil {
				p := l.draw()
				l.send(p)
				for p.status == 0 && p.key != "" { // as often as it takes
					pass(50*time.Millisecond, nil)
					l.send(p)
				}
				pass(10*time.Millisecond, ctx.Done())
			}
		})
	}
	return func() {
		cancel()
		group.Wait()
	}
}

// draw makes up a request.
func (l *load) draw() *placing {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.placings)
	p := &placing{
		comment: fmt.Sprintf("placing %d", n),
		action:  []string{"exempt", "exempt", "dhcprenew", "scan_threats", "scan_threats", "fetch_agent_log"}[l.random.IntN(6)],
	}
	if l.random.IntN(2) == 0 {
		p.key = fmt.Sprintf("key-%d", n)
	}
	l.random.Shuffle(len(l.ids), func(i, j int) { l.ids[i], l.ids[j] = l.ids[j], l.ids[i] })
	p.ids = slices.Clone(l.ids[:1+l.random.IntN(len(l.ids))])
	if l.random.IntN(4) == 0 { // nobody's id
		p.ids = append(p.ids, fmt.Sprintf("%032x", n))
	}
	l.placings = append(l.placings, p)
	return p
}

var loadParams = map[string]map[string]any{
	"exempt":       {"exempt_time": 0},
	"scan_threats": {"full_scan": 0, "scan_types": []int{4}, "path": "/srv"},
}

func (l *load) send(p *placing) {
	body, _ := json.Marshal(map[string]any{
		"types": p.action, "ids": p.ids, "params": loadParams[p.action],
		"reeve": map[string]any{"comment": p.comment, "deliver_within": int(deliverWithin / time.Second)},
	})
	var headers []string
	if p.key != "" {
		headers = append(headers, "Idempotency-Key: "+p.key)
	}
	p.tries++
	status, answer, err := l.ask(l.t.Context(), "POST", "/o/api/v3.3/devices/action", string(body), headers...)
	if err != nil {
		return
	}
	p.status = status
	if status == http.StatusOK {
		if err := json.Unmarshal(answer, &p.elements); err != nil {
			l.t.Errorf("answered %.200q: %v", answer, err)
		}
	} else {
		l.t.Errorf("%s was answered %d %s", p.comment, status, answer)
	}
}

// check compares what was answered with what the server has and with what the
// agents did.
func (l *load) check(t *testing.T, c *crowd) {
	t.Helper()
	var jobs []client.Job
	isOpen := func(j client.Job) bool { return j.Open > 0 }
	for jobs = collect(t, l.own.Jobs(t.Context())); slices.ContainsFunc(jobs, isOpen); jobs = collect(t, l.own.Jobs(t.Context())) {
		if time.Since(l.back) > deliverWithin+time.Minute { // an upload is tried again after a while
			l.fatalOpen(t, jobs)
		}
		pass(100*time.Millisecond, nil)
	}
	byComment := map[string][]client.Job{}
	for _, j := range jobs {
		byComment[j.Comment] = append(byComment[j.Comment], j)
	}
	orders := map[string]string{} // states of the commands of agents, by id
	states := map[string]int{}
	unanswered, kept, again := 0, 0, 0
	for _, p := range l.placings {
		found := byComment[p.comment]
		delete(byComment, p.comment)
		switch {
		case len(found) > 1:
			t.Errorf("%s with key %q, sent %d times, made %d jobs", p.comment, p.key, p.tries, len(found))
		case p.status == http.StatusOK && len(found) == 0:
			t.Errorf("%s was answered and is not there", p.comment)
		}
		if p.status == 0 {
			unanswered++
			kept += len(found)
		}
		if p.tries > 1 {
			again++
		}
		for _, j := range found {
			commands := collect(t, l.own.JobCommands(t.Context(), j.ID))
			l.checkJob(t, p, j, commands)
			for _, command := range commands {
				states[command.State]++
				if p.action != "exempt" {
					orders[command.ID] = command.State
				}
			}
		}
	}
	for comment := range byComment {
		t.Errorf("a job %q is there that nobody asked for", comment)
	}
	l.checkEffects(t, c, orders)
	l.checkExempt(t)
	t.Logf("%d placings, %d of them sent again, %d never answered of which %d were kept; commands %v; %d effects, %+v",
		len(l.placings), again, unanswered, kept, states, len(c.lines(t)), c.Stats())
	if states["succeeded"] == 0 || states["expired"] == 0 || states["failed"] == 0 || unanswered+again == 0 {
		t.Error("this load proves little")
	}
}

// fatalOpen tells which commands have not ended.
func (l *load) fatalOpen(t *testing.T, jobs []client.Job) {
	t.Helper()
	for _, j := range jobs {
		for _, c := range collect(t, l.own.JobCommands(t.Context(), j.ID, "queued", "sent", "running")) {
			t.Logf("%s of job %s (%s, deliver by %s, finish by %s): %+v", j.Action, j.ID, j.Comment, j.DeliverBy, j.FinishBy, c)
		}
	}
	t.Fatal("these commands have not ended")
}

// checkJob compares one job with its request.
func (l *load) checkJob(t *testing.T, p *placing, j client.Job, commands []client.Command) {
	t.Helper()
	wanted := map[string]bool{}
	for _, id := range p.ids {
		if _, known := l.devices[id]; known {
			wanted[id] = true
		}
	}
	counts, of := map[string]int64{}, map[string]client.Command{}
	for _, c := range commands {
		counts[c.State]++
		of[c.Device] = c
		if !wanted[c.Device] || !isFinal(c.State) {
			t.Errorf("%s: command %s of device %s is %s", p.comment, c.ID, c.Device, c.State)
		}
		// Nothing expires while the server is down.
		due := j.DeliverBy
		if due.Before(l.back) {
			due = l.back
		}
		if c.State == "expired" && (c.Reason != "delivery" || c.Changed.Before(j.DeliverBy) || c.Changed.After(due.Add(10*time.Second))) {
			t.Errorf("%s, to be delivered by %s: command %s is %+v", p.comment, j.DeliverBy, c.ID, c)
		}
	}
	if j.Action != p.action || j.Entries != len(p.ids) || j.Unmatched != len(p.ids)-len(wanted) ||
		j.Targets != len(wanted) || len(commands) != len(wanted) || len(of) != len(wanted) || !maps.Equal(counts, j.Counts) {
		t.Errorf("%s: %d entries, %d of them known, became %+v with %d commands %v", p.comment, len(p.ids), len(wanted), j, len(commands), counts)
	}
	if p.status != http.StatusOK {
		return
	}
	if len(p.elements) != len(p.ids) {
		t.Errorf("%s: %d elements for %d ids", p.comment, len(p.elements), len(p.ids))
	}
	for i, e := range p.elements {
		c, there := of[e.ID]
		applies := there && c.State != "not_applicable"
		switch {
		case e.ID != p.ids[i] || there != wanted[e.ID] || applies != (e.Status == 1) || there != (e.Status != 0):
			t.Errorf("%s: element %d of %s is %+v, its command %+v", p.comment, i, p.ids[i], e, c)
		case e.CommandID != "" && e.CommandID != c.ID, e.Status == 1 && (p.action == "scan_threats" || p.action == "fetch_agent_log") && e.CommandID == "":
			t.Errorf("%s: element %+v has another command than %s", p.comment, e, c.ID)
		case e.CommandID != "" && c.State == "succeeded" && l.random.IntN(10) == 0:
			l.checkReport(t, p.action, e.CommandID)
		}
	}
}

// checkReport looks whether what an agent sent back can be fetched.
func (l *load) checkReport(t *testing.T, action, command string) {
	t.Helper()
	kind := map[string]string{"scan_threats": "scan_threats_log", "fetch_agent_log": "agent_log"}[action]
	status, body := l.get("/o/api/v3.1/get_reports?type=" + kind + "&command_id=" + command)
	if archive, err := zip.NewReader(strings.NewReader(body), int64(len(body))); status != http.StatusOK || err != nil || len(archive.File) < 2 {
		t.Errorf("the report of command %s is answered with %d %.100q: %v", command, status, body, err)
	}
}

// checkEffects compares the lines that the agents wrote with the commands.
func (l *load) checkEffects(t *testing.T, c *crowd, orders map[string]string) {
	t.Helper()
	seen := map[string]bool{}
	for _, command := range c.lines(t) {
		if seen[command] {
			t.Errorf("command %s took effect twice", command)
		}
		seen[command] = true
		if state, ordered := orders[command]; !ordered || state == "not_applicable" {
			t.Errorf("command %s took effect and is %q in the store", command, state)
		}
	}
	for command, state := range orders {
		if (state == "succeeded" || state == "failed") && !seen[command] {
			t.Errorf("command %s is %s and took no effect", command, state)
		}
	}
}

// checkExempt looks whether what was answered as exempt is.
func (l *load) checkExempt(t *testing.T) {
	t.Helper()
	exempt := map[string]bool{}
	for _, d := range l.server.devices() {
		exempt[d.ID] = d.ExemptUntil != nil
	}
	for _, p := range l.placings {
		for _, e := range p.elements {
			if p.action == "exempt" && e.Status == 1 && !exempt[e.ID] {
				t.Errorf("%s: device %s is not exempt", p.comment, e.ID)
			}
		}
	}
}

// checkLog verifies the log, which must have one row for each job.
func (s *server) checkLog() {
	s.t.Helper()
	more := s.more
	if len(more) == 0 || more[0] != "--database" {
		more = nil
	}
	if out, code := s.verify(more...); code != 0 || !strings.Contains(out, "intact") {
		s.t.Errorf("log verify ended with %d: %s", code, out)
	}
	if !s.running() {
		return
	}
	rows := map[string]int{}
	for after := int64(0); ; {
		entries, err := s.own.LogAfter(s.t.Context(), client.LogFilter{Events: []string{"job_placed"}}, after, 0)
		must(s.t, err)
		if len(entries) == 0 {
			break
		}
		for _, e := range entries {
			rows[e.Job]++
			after = e.Seq
		}
	}
	jobs := collect(s.t, s.own.Jobs(s.t.Context()))
	for _, j := range jobs {
		if rows[j.ID] != 1 {
			s.t.Errorf("the log has %d rows on job %s", rows[j.ID], j.ID)
		}
	}
	if len(rows) != len(jobs) {
		s.t.Errorf("the log has rows on %d jobs, of which there are %d", len(rows), len(jobs))
	}
}

// isProof reports whether the long tests were asked for.
func isProof() bool { return os.Getenv("REEVE_PROOF") != "" }
