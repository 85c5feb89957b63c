package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"reeve/client"
)

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
