package courier

import "sync"

// tasks are what Wake's methods leave to do, in order.
type tasks struct {
	mu     sync.Mutex
	change sync.Cond
	waits  []task
	weight int
	closed bool
}

type task struct {
	weight int
	do     func()
}

// tasksWeight bounds the commands of the jobs that wait in memory. What is
// beyond it is found in the store.
const tasksWeight = 200_000

func newTasks() *tasks {
	t := &tasks{}
	t.change.L = &t.mu
	return t
}

// add reports false if there is no room for the task.
func (t *tasks) add(weight int, do func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || weight > tasksWeight-t.weight {
		return false
	}
	t.weight += weight
	t.waits = append(t.waits, task{weight, do})
	t.change.Signal()
	return true
}

// run does the tasks until close, and those that are there then.
func (t *tasks) run() {
	for {
		next, ok := t.next()
		if !ok {
			return
		}
		next.do()
		t.mu.Lock()
		t.weight -= next.weight
		t.mu.Unlock()
	}
}

func (t *tasks) next() (task, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.waits) == 0 && !t.closed {
		t.change.Wait()
	}
	if len(t.waits) == 0 {
		return task{}, false
	}
	next := t.waits[0]
	t.waits[0] = task{}
	t.waits = t.waits[1:]
	return next, true
}

func (t *tasks) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	t.change.Signal()
}
