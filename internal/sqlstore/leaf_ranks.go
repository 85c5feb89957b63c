package sqlstore

import (
	"context"
	"sync"

	"reeve"
)

// Which commands of a job apply is known when they are born, so where the n-th
// of them is never changes. Of large jobs it is remembered for every few
// thousand leaves.
const (
	rankBits     = 12
	maxRankedFor = 128 // jobs
)

type leafRanks struct {
	mu   sync.Mutex
	jobs map[reeve.JobID][]int64 // commands that apply in each block of leaves
}

// blocks returns how many commands of a job apply in each block of its leaves.
func (l *leafRanks) blocks(ctx context.Context, q querier, job reeve.Job) ([]int64, error) {
	l.mu.Lock()
	known := l.jobs[job.ID]
	l.mu.Unlock()
	if known != nil {
		return known, nil
	}
	counts := make([]int64, job.Targets>>rankBits+1)
	_, err := all(ctx, q, func(r rows) (int64, error) {
		var block, n int64
		err := r.Scan(&block, &n)
		if err == nil && block < int64(len(counts)) {
			counts[block] = n
		}
		return 0, err
	}, "SELECT leaf >> $2, COUNT(*) FROM commands WHERE job = $1 AND state <> $3 GROUP BY 1", int64(job.ID), rankBits, int64(reeve.NotApplicable))
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jobs == nil || len(l.jobs) == maxRankedFor {
		l.jobs = map[reeve.JobID][]int64{}
	}
	l.jobs[job.ID] = counts
	return counts, nil
}

// CommandLeaf returns the leaf of the n-th command of a job that applies.
func (s *Store) CommandLeaf(ctx context.Context, account int64, id reeve.JobID, n int64) (int32, bool, error) {
	job, err := s.Job(ctx, account, id)
	if err != nil {
		return 0, false, err
	}
	if job.Counts[reeve.NotApplicable] == 0 {
		return int32(n), n < int64(job.Targets), nil
	}
	var from int64
	if job.Targets > 2<<rankBits {
		blocks, err := s.ranks.blocks(ctx, s.db, job)
		if err != nil {
			return 0, false, err
		}
		for _, count := range blocks {
			if n < count {
				break
			}
			n -= count
			from += 1 << rankBits
		}
	}
	leaf, found, err := first(ctx, s.db, number, "SELECT leaf FROM commands WHERE job = $1 AND leaf >= $4 AND state <> $2 ORDER BY leaf LIMIT 1 OFFSET $3",
		int64(id), int64(reeve.NotApplicable), n, from)
	return int32(leaf), found, err
}
