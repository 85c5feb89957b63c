package agent

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"

	"reeve"
	"reeve/internal/agent/host"
	"reeve/internal/agent/line"
	"reeve/internal/link"
)

// lookEvery is how often the machine is looked at for what has changed since
// the server was told of it.
const lookEvery = 5 * time.Minute

// firstLook is when that is done for the first time.
const firstLook = 20 * time.Second

// freeStep is the part of a disk's size by which its free space has to change to
// be worth telling.
const freeStep = 20

// An inventory knows what the server was told of the machine, so that only
// changes are told.
type inventory struct {
	body body

	mu   sync.Mutex
	told link.Hello
	free []reeve.Disk // as they were told
}

// hello describes the machine as it is now.
func (i *inventory) hello() link.Hello {
	facts := i.body.describe()
	hello := i.body.introduction(facts)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.told, i.free = hello, facts.Disks
	return hello
}

// isNews reports whether the machine is no longer what the server was told.
func (i *inventory) isNews() bool {
	facts := i.body.describe()
	i.mu.Lock()
	defer i.mu.Unlock()
	facts.Disks = steady(i.free, facts.Disks)
	return !reflect.DeepEqual(i.body.introduction(facts), i.told)
}

// steady returns the disks with their free space as it was told, where it has
// changed by less than is worth telling.
func steady(told, now []reeve.Disk) []reeve.Disk {
	now = slices.Clone(now)
	for n := range now {
		was := slices.IndexFunc(told, func(d reeve.Disk) bool { return d.Name == now[n].Name })
		if was >= 0 && max(now[n].Free-told[was].Free, told[was].Free-now[n].Free) < now[n].Size/freeStep {
			now[n].Free = told[was].Free
		}
	}
	return now
}

// observe tells the server what changes on the machine.
func (l *loop) observe(every time.Duration) {
	var told views
	for wait := min(every, firstLook); line.Pause(l.ctx, wait); wait = every {
		if l.inventory.isNews() {
			l.introduce()
		}
		told = l.lookAround(told)
		host.Rest() // what was read is not needed for another while
	}
}

// introduce tells the server what has changed since it was told last.
func (l *loop) introduce() {
	if err := l.session.Introduce(); err != nil && !errors.Is(err, line.ErrAway) {
		l.log.Warn("the server was not told what changed", "err", err)
	}
}
