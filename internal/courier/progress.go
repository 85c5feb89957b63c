package courier

import (
	"context"
	"slices"
	"sync"

	"reeve"
)

// maxProgress is how many commands progress is held of. Beyond it, it goes to
// the store as it comes.
const maxProgress = 100_000

// progress holds back what running commands say of themselves every second: the
// store is told the newest every few seconds, so that ten thousand scans do not
// take its time from what ends. That a command runs is told at once.
type progress struct {
	store func(ctx context.Context, batch []reeve.Report) error

	mu      sync.Mutex
	newest  map[told]reeve.Report
	now     map[told]struct{} // the store heard that these run, since the last flush
	earlier map[told]struct{} // and before it
}

// told is who says something of which command: of another device's it may say
// what it likes.
type told struct {
	command reeve.CommandID
	device  int64
}

func newProgress(store func(ctx context.Context, batch []reeve.Report) error) *progress {
	return &progress{store: store, newest: map[told]reeve.Report{}, now: map[told]struct{}{}, earlier: map[told]struct{}{}}
}

// hold returns what of a batch has to be stored at once, in the batch's place.
func (p *progress) hold(batch []reeve.Report) []reeve.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(batch, func(r reeve.Report) bool {
		of := told{r.ID, r.Device}
		if r.State != reeve.Running || len(r.Result) > 0 || r.Identity != nil {
			delete(p.newest, of)
			return false
		}
		before, held := p.newest[of]
		_, now := p.now[of]
		_, earlier := p.earlier[of]
		if !held && !now && !earlier || !held && len(p.newest) >= maxProgress {
			if len(p.now) < maxProgress {
				p.now[of] = struct{}{}
			}
			return false
		}
		if r.Message == "" {
			r.Message = before.Message
		}
		p.newest[of] = r
		return true
	})
}

// flush stores the newest of every command. What the store does not take is
// lost: there is something newer in a second.
func (p *progress) flush(ctx context.Context) error {
	for batch := range slices.Chunk(p.take(), batchItems) {
		if err := p.store(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

func (p *progress) take() []reeve.Report {
	p.mu.Lock()
	defer p.mu.Unlock()
	batch := make([]reeve.Report, 0, len(p.newest))
	for of, r := range p.newest {
		p.now[of] = struct{}{}
		batch = append(batch, r)
	}
	p.newest = map[told]reeve.Report{}
	p.now, p.earlier = map[told]struct{}{}, p.now
	return batch
}
