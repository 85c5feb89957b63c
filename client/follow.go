package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/url"
	"time"
)

// followPause is how long Follow waits before it takes up a stream that ended.
const followPause = time.Second

// Follow goes through a job as it stands now and whenever another of its commands
// has ended, until none is open. A stream that ends before is taken up again,
// as long as the server answers.
func (c *Client) Follow(ctx context.Context, id string) iter.Seq2[Job, error] {
	return func(yield func(Job, error) bool) {
		f := follower{yield: yield, open: -1}
		for {
			err := c.do(ctx, call{method: "GET", path: "/jobs/" + url.PathEscape(id) + "/events"}, f.read)
			if err == nil && !f.over {
				err = pause(ctx, followPause)
			}
			if err != nil && !f.over {
				yield(Job{}, err)
			}
			if err != nil || f.over {
				return
			}
		}
	}
}

// A follower reads streams of one job.
type follower struct {
	yield func(Job, error) bool
	open  int64 // what was told last; -1 before
	over  bool  // the last event was told, or nobody listens
}

// read tells of a stream's events until it ends, however it does. An event is
// lines, of which the data is all that is needed.
func (f *follower) read(stream io.Reader) {
	lines := bufio.NewReader(stream)
	for !f.over {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		data, ok := bytes.CutPrefix(line, []byte("data: "))
		if !ok {
			continue
		}
		var job Job
		if err := json.Unmarshal(data, &job); err != nil {
			return
		}
		if job.Open != f.open { // a stream begins with what the one before may have told
			f.open = job.Open
			f.over = !f.yield(job, nil) || job.Open == 0
		}
	}
}
