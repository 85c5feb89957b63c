package sqlstore

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"reeve"
)

var noJob = reeve.Errorf(reeve.NotFound, "there is no such job in this account")
var noCommand = reeve.Errorf(reeve.NotFound, "there is no such command in this account")

const jobColumns = `id, account, action, params, source, actor, name, address, request_id, comment, issued, deliver_by,
	finish_by, entries, unmatched, targets, succeeded, failed, expired, cancelled, not_applicable, refused, root, signature,
	seal_key, cancelled_at, retry_of, paused_at, undo_of`

func scanJob(r rows) (j reeve.Job, err error) {
	var id, source, issued, deliverBy, finishBy, cancelled, retryOf, paused, undoOf int64
	var params string
	var root []byte
	n := &j.Counts
	err = r.Scan(&id, &j.Account, &j.Action, &params, &source, &j.Caller.Actor, &j.Caller.Name, &j.Caller.Address,
		&j.Caller.RequestID, &j.Comment, &issued, &deliverBy, &finishBy, &j.Entries, &j.Unmatched, &j.Targets,
		&n[reeve.Succeeded], &n[reeve.Failed], &n[reeve.Expired], &n[reeve.Cancelled], &n[reeve.NotApplicable],
		&n[reeve.Refused], &root, &j.Signature, &j.SealKey, &cancelled, &retryOf, &paused, &undoOf)
	j.ID, j.Params, j.Caller.Account, j.Caller.Source = reeve.JobID(id), json.RawMessage(params), j.Account, reeve.Source(source)
	j.Issued, j.DeliverBy, j.FinishBy = fromMicro(issued), fromMicro(deliverBy), fromMicro(finishBy)
	j.Root, j.Cancelled, j.RetryOf = toHash(root), fromMicro(cancelled), reeve.JobID(retryOf)
	j.Paused, j.UndoOf = fromMicro(paused), reeve.JobID(undoOf)
	return j, err
}

// Job returns one job.
func (s *Store) Job(ctx context.Context, account int64, id reeve.JobID) (reeve.Job, error) {
	return must[reeve.Job](noJob)(first(ctx, s.db, scanJob,
		"SELECT "+jobColumns+" FROM jobs WHERE id = $1 AND account = $2", int64(id), account))
}

// Jobs returns a page of jobs, newest first: along the actors, the actions or the
// sources that are asked for, or along all.
func (s *Store) Jobs(ctx context.Context, account int64, q reeve.JobQuery) ([]reeve.Job, error) {
	b := &binder{db: s.db}
	within, order := "account = "+b.put(account), " DESC"
	and := func(condition string) { within += " AND " + condition }
	switch {
	case q.After != 0:
		order = ""
		and("id > " + b.put(int64(q.After)))
	default:
		and("id < " + b.put(orLast(q.Before)))
	}
	if !q.Placed.Since.IsZero() {
		and("id >= " + b.put(int64(reeve.FirstJobID(q.Placed.Since))))
	}
	if !q.Placed.Until.IsZero() {
		and("id < " + b.put(int64(reeve.FirstJobID(q.Placed.Until))))
	}
	if q.Open {
		and("id IN (SELECT job FROM open_jobs)")
	}
	if q.Ended {
		and("id NOT IN (SELECT job FROM open_jobs)")
	}
	sources := make([]int64, len(q.Sources))
	for i, source := range q.Sources {
		sources[i] = int64(source)
	}
	limit := " ORDER BY id" + order + " LIMIT " + b.put(q.Limit)
	where := within
	narrow := given(texts("actor", q.Actors), texts("action", q.Actions), numbers("source", sources))
	rarest := 0
	if len(narrow) > 1 && q.By == "" {
		var err error
		if rarest, _, err = s.rarest(ctx, "jobs", account, narrow); err != nil {
			return nil, err
		}
	}
	for i, c := range narrow {
		if i != rarest || q.By != "" {
			within += " AND " + c.condition(b)
		}
	}
	switch {
	case q.By != "":
		by := []string{q.By}
		along := merge(s.db, "id", "jobs", "actor", by, within, b) + " UNION ALL " + merge(s.db, "id", "jobs", "name", by, within+" AND actor || '' <> "+b.put(q.By), b)
		where = "id " + s.db.page(along+limit)
	case len(narrow) > 0:
		where = "id " + s.db.page(narrow[rarest].merge(s.db, "id", "jobs", within, b)+limit)
	}
	found, err := all(ctx, s.db, scanJob, "SELECT "+jobColumns+" FROM jobs WHERE "+where+limit, b.args...)
	if q.After != 0 {
		slices.Reverse(found)
	}
	return found, err
}

// orLast makes 0 the end of all ids.
func orLast(before reeve.JobID) int64 {
	if before == 0 {
		return 1<<63 - 1
	}
	return int64(before)
}

const commandColumns = `SELECT c.job, c.leaf, c.device, d.id, n.hostname, c.state, c.reason, c.percent,
	COALESCE(o.message, ''), c.changed, COALESCE(o.late, ''), COALESCE(o.result, '') FROM `
const commandJoins = ` JOIN devices AS d ON d.no = c.device JOIN device_names AS n ON n.device = c.device
	LEFT JOIN command_notes AS o ON o.job = c.job AND o.leaf = c.leaf`

// told is a command with the result that its agent sent.
type told struct {
	reeve.Command
	result string
}

func scanCommand(r rows) (c told, err error) {
	var job, state, reason, percent, changed int64
	err = r.Scan(&job, &c.ID.Leaf, &c.DeviceNo, &c.DeviceID, &c.Hostname, &state, &reason, &percent,
		&c.Message, &changed, &c.Late, &c.result)
	c.ID.Job, c.State, c.Reason, c.Percent = reeve.JobID(job), reeve.State(state), reeve.Reason(reason), int8(percent)
	c.Changed = fromMicro(changed)
	return c, err
}

func (s *Store) commands(ctx context.Context, from, rest string, args ...any) ([]reeve.Command, error) {
	found, err := all(ctx, s.db, scanCommand, commandColumns+from+commandJoins+rest, args...)
	commands := make([]reeve.Command, len(found))
	for i, c := range found {
		commands[i] = c.Command
	}
	return commands, err
}

// Commands returns a page of a job's commands in leaf order.
func (s *Store) Commands(ctx context.Context, account int64, job reeve.JobID, states []reeve.State, from int32, limit int) ([]reeve.Command, error) {
	return s.CommandsWithin(ctx, account, job, states, from, math.MaxInt32, limit)
}

func (s *Store) CommandsWithin(ctx context.Context, account int64, job reeve.JobID, states []reeve.State, from int32, within, limit int) ([]reeve.Command, error) {
	return s.leaves(ctx, account, job, states, int64(from), min(int64(from)+int64(within), math.MaxInt32), "", limit)
}

func (s *Store) EarlierCommands(ctx context.Context, account int64, job reeve.JobID, states []reeve.State, before int32, within, limit int) ([]reeve.Command, error) {
	return s.leaves(ctx, account, job, states, max(int64(before)-int64(within), 0), int64(before), " DESC", limit)
}

// leaves returns commands of a job in leaf order: the first, in an order, of those
// from one leaf to before another; without states the far end is none. It goes
// along the job's commands: an index by their states would have to be written
// with every report.
func (s *Store) leaves(ctx context.Context, account int64, job reeve.JobID, states []reeve.State, from, to int64, order string, limit int) ([]reeve.Command, error) {
	found, err := s.Job(ctx, account, job)
	if err != nil || len(states) > 0 && !mayHave(found, states) {
		return nil, err
	}
	isEnd := to >= int64(found.Targets)
	if order != "" {
		isEnd = from == 0
	}
	switch {
	case len(states) > 0:
	case order != "":
		from = 0
	default:
		to = math.MaxInt32
	}
	b := &binder{db: s.db}
	of := b.put(int64(job))
	where := "job = " + of + " AND leaf >= " + b.put(from) + " AND leaf < " + b.put(to)
	if len(states) > 0 {
		where += " AND state IN " + stateList(states)
	}
	page := s.db.page("SELECT leaf FROM commands WHERE " + where + " ORDER BY leaf" + order + " LIMIT " + b.put(limit))
	commands, err := s.commands(ctx, "commands AS c", " WHERE c.job = "+of+" AND c.leaf "+page+" ORDER BY c.leaf", b.args...)
	if err == nil && len(states) > 0 && len(commands) < limit && !isEnd {
		err = reeve.ErrFurther
	}
	return commands, err
}

// mayHave reports whether the counts of a job leave room for commands in one of
// these states.
func mayHave(job reeve.Job, states []reeve.State) bool {
	return slices.ContainsFunc(states, func(s reeve.State) bool {
		return s < reeve.Succeeded && job.Open() > 0 || s >= reeve.Succeeded && job.Counts[s] > 0
	})
}

// CommandsByID returns those of these commands that there are.
func (s *Store) CommandsByID(ctx context.Context, account int64, ids []reeve.CommandID) ([]reeve.Command, error) {
	jobs, leaves := idColumns(ids)
	list, args := s.db.list("r", 2, jobs, leaves)
	return s.commands(ctx, list+" CROSS JOIN jobs AS j CROSS JOIN commands AS c",
		" WHERE j.id = r.job AND j.account = $1 AND c.job = r.job AND c.leaf = r.leaf", append([]any{account}, args...)...)
}

// stateList writes states as SQL does; each list is a statement of its own, that
// is planned for these states.
func stateList(states []reeve.State) string {
	words := make([]string, len(states))
	for i, state := range states {
		words[i] = strconv.Itoa(int(state))
	}
	return "(" + strings.Join(words, ", ") + ")"
}

// Command returns one command and the structured result its agent sent, if any.
func (s *Store) Command(ctx context.Context, account int64, id reeve.CommandID) (reeve.Command, json.RawMessage, error) {
	c, err := must[told](noCommand)(first(ctx, s.db, scanCommand, commandColumns+"commands AS c"+commandJoins+
		" JOIN jobs AS j ON j.id = c.job WHERE c.job = $1 AND c.leaf = $2 AND j.account = $3", int64(id.Job), id.Leaf, account))
	if err != nil || c.result == "" {
		return c.Command, nil, err
	}
	return c.Command, json.RawMessage(c.result), nil
}

// DeviceCommands returns up to limit commands of a device, newest first.
func (s *Store) DeviceCommands(ctx context.Context, account, device int64, before reeve.JobID, limit int) ([]reeve.Command, error) {
	_, err := must[int64](noDevice)(first(ctx, s.db, number,
		"SELECT d.no FROM devices AS d WHERE d.no = $1 AND d.account = $2 AND "+kept, device, account))
	if err != nil {
		return nil, err
	}
	// SQLite's index needs the shift; see there. PostgreSQL has no use for it.
	page := s.db.page(`SELECT c.job FROM commands AS c WHERE c.device = $1 AND c.device >> 10 = $1 >> 10 AND c.job < $2
		AND EXISTS (SELECT 1 FROM jobs AS j WHERE j.id = c.job AND j.account = $4) ORDER BY c.job DESC LIMIT $3`)
	return s.commands(ctx, "commands AS c", " WHERE c.device = $1 AND c.device >> 10 = $1 >> 10 AND c.job "+page+" ORDER BY c.job DESC, c.leaf DESC",
		device, orLast(before), limit, account)
}
