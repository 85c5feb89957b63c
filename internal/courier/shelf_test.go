package courier

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"reeve"
)

// shelf is a store in memory: just what a courier asks of one.
type shelf struct {
	mu       sync.Mutex
	devices  map[reeve.Key]reeve.Device
	jobs     map[reeve.JobID]*shelved
	online   map[int64]bool
	meetings map[int64]reeve.Meeting
	meets    int // calls of Meet
	sents    int // commands given to Sent
	lookups  int // calls of Recognise
	loads    int // calls of Sealed
	reports  []reeve.Report
	refuse   func(reeve.Report) bool // reports for which a batch fails
	down     error                   // what every call answers
}

type shelved struct {
	job      reeve.Job
	subjects []reeve.Subject
	states   []reeve.State
}

func newShelf() *shelf {
	return &shelf{
		devices: map[reeve.Key]reeve.Device{}, jobs: map[reeve.JobID]*shelved{},
		online: map[int64]bool{}, meetings: map[int64]reeve.Meeting{},
	}
}

func (s *shelf) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *shelf) setDown(err error) { s.locked(func() { s.down = err }) }

func (s *shelf) Recognise(_ context.Context, key reeve.Key) (reeve.Device, int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups++
	if s.down != nil {
		return reeve.Device{}, 0, s.down
	}
	d, ok := s.devices[key]
	if !ok {
		return d, 0, reeve.Errorf(reeve.Denied, "unknown")
	}
	return d, 1, nil
}

func (s *shelf) NobodyOnline(context.Context) error {
	s.locked(func() { clear(s.online) })
	return nil
}

func (s *shelf) Meet(_ context.Context, _ time.Time, batch []reeve.Meeting) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return s.down
	}
	s.meets++
	for _, m := range batch {
		s.meetings[m.Device] = m
		s.online[m.Device] = true
	}
	return nil
}

func (s *shelf) Seen(_ context.Context, _ time.Time, devices []int64, online bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range devices {
		s.online[d] = online
	}
	return s.down
}

func (s *shelf) Pending(_ context.Context, _ time.Time, devices []int64) ([]reeve.Order, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var orders []reeve.Order
	for id, j := range s.jobs {
		for leaf, subject := range j.subjects {
			archived := s.devices[subject.Key].Class.Standing == reeve.Archived
			if !j.states[leaf].IsFinal() && slices.Contains(devices, subject.Device) && (!archived || j.job.Action == "retire") {
				orders = append(orders, reeve.Order{ID: reeve.CommandID{Job: id, Leaf: int32(leaf)}, Device: subject.Device, State: j.states[leaf]})
			}
		}
	}
	slices.SortFunc(orders, func(a, b reeve.Order) int {
		return cmp.Or(cmp.Compare(a.ID.Job, b.ID.Job), cmp.Compare(a.ID.Leaf, b.ID.Leaf))
	})
	return orders, s.down
}

func (s *shelf) OpenJobs(context.Context) ([]reeve.JobID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []reeve.JobID
	for id, j := range s.jobs {
		if slices.ContainsFunc(j.states, func(s reeve.State) bool { return !s.IsFinal() }) {
			open = append(open, id)
		}
	}
	return open, s.down
}

func (s *shelf) Sealed(_ context.Context, id reeve.JobID) (reeve.Job, []reeve.Subject, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	j := s.jobs[id]
	if j == nil {
		return reeve.Job{}, nil, reeve.Errorf(reeve.NotFound, "no job")
	}
	return j.job, j.subjects, s.down
}

func (s *shelf) Sent(_ context.Context, _ time.Time, ids []reeve.CommandID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return s.down
	}
	s.sents += len(ids)
	for _, id := range ids {
		if state := &s.jobs[id.Job].states[id.Leaf]; *state == reeve.Queued {
			*state = reeve.Sent
		}
	}
	return nil
}

func (s *shelf) Report(_ context.Context, _ time.Time, batch []reeve.Report) ([]bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down != nil {
		return nil, s.down
	}
	settled := make([]bool, len(batch))
	for _, r := range batch {
		if s.refuse != nil && s.refuse(r) {
			return nil, reeve.Errorf(reeve.Internal, "refused")
		}
	}
	for i, r := range batch {
		s.reports = append(s.reports, r)
		j := s.jobs[r.ID.Job]
		if j == nil || int(r.ID.Leaf) >= len(j.subjects) || j.subjects[r.ID.Leaf].Device != r.Device {
			continue
		}
		settled[i] = true
		if state := &j.states[r.ID.Leaf]; state.May(r.State) {
			*state = r.State
		}
	}
	return settled, nil
}

func (s *shelf) Expire(context.Context, time.Time) (int64, error) { return 0, nil }

func (s *shelf) state(id reeve.CommandID) reeve.State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[id.Job].states[id.Leaf]
}
