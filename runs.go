package reeve

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Run is a stretch of a job's commands without a gap.
type Run struct {
	Job         JobID
	First, Last int32 // leaves
}

// Runs name commands in rising order. A row of the log that is about many
// devices holds them in its Detail as member "commands", such as
// "0196f3a1c2d00001:0-99,103": devices are told by their commands, and a
// hundred thousand neighbours take no more room than one.
type Runs []Run

// RunsOf puts commands, which are in rising order, into runs.
func RunsOf(ids []CommandID) Runs {
	var runs Runs
	for _, id := range ids {
		if last := len(runs) - 1; last >= 0 && runs[last].Job == id.Job && runs[last].Last+1 == id.Leaf {
			runs[last].Last = id.Leaf
			continue
		}
		runs = append(runs, Run{id.Job, id.Leaf, id.Leaf})
	}
	return runs
}

// Len returns how many commands there are.
func (r Runs) Len() int64 {
	var n int64
	for _, run := range r {
		n += int64(run.Last-run.First) + 1
	}
	return n
}

// From returns up to limit of the commands, without the first skip.
func (r Runs) From(skip int64, limit int) []CommandID {
	var ids []CommandID
	for _, run := range r {
		length := int64(run.Last-run.First) + 1
		if skip >= length {
			skip -= length
			continue
		}
		for leaf := int64(run.First) + skip; leaf <= int64(run.Last) && len(ids) < limit; leaf++ {
			ids = append(ids, CommandID{run.Job, int32(leaf)})
		}
		if skip = 0; len(ids) == limit {
			break
		}
	}
	return ids
}

// MarshalText writes the runs as a row of the log holds them.
func (r Runs) MarshalText() ([]byte, error) {
	var b []byte
	for i, run := range r {
		switch {
		case i == 0:
			b = fmt.Appendf(b, "%s:", run.Job)
		case r[i-1].Job != run.Job:
			b = fmt.Appendf(b, " %s:", run.Job)
		default:
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(run.First), 10)
		if run.Last > run.First {
			b = strconv.AppendInt(append(b, '-'), int64(run.Last), 10)
		}
	}
	return b, nil
}

// UnmarshalText reads what MarshalText wrote, and nothing else.
func (r *Runs) UnmarshalText(text []byte) error {
	var runs Runs
	for part := range strings.FieldsSeq(string(text)) {
		name, stretches, _ := strings.Cut(part, ":")
		job, ok := ParseJobID(name)
		for stretch := range strings.SplitSeq(stretches, ",") {
			first, last, long := strings.Cut(stretch, "-")
			if !long {
				last = first
			}
			from, err := strconv.ParseInt(first, 10, 32)
			to, err2 := strconv.ParseInt(last, 10, 32)
			if !ok || err != nil || err2 != nil || from < 0 || to < from {
				return Errorf(Invalid, "%.40q does not name commands", part)
			}
			runs = append(runs, Run{job, int32(from), int32(to)})
		}
	}
	*r = slices.Clip(runs)
	return nil
}
