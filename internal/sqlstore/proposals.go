package sqlstore

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"reeve"
)

var noProposal = reeve.Errorf(reeve.NotFound, "there is no such proposal in this account")

const proposalColumns = `id, account, state, action, params, digest, targets, hold, source, actor, name, person, address, request_id,
	comment, asked, expires, decided, decider_source, decider, decider_name, decider_person, reason, `

func scanProposal(r rows) (p reeve.Proposal, err error) {
	var id, state, hold, source, asked, expires, decided, decider int64
	var params, order string
	var digest []byte
	err = r.Scan(&id, &p.Account, &state, &p.Action, &params, &digest, &p.Targets, &hold, &source, &p.Caller.Actor, &p.Caller.Name,
		&p.Caller.Operator, &p.Caller.Address, &p.Caller.RequestID, &p.Comment, &asked, &expires, &decided, &decider,
		&p.DecidedBy.Actor, &p.DecidedBy.Name, &p.DecidedBy.Operator, &p.Reason, &order)
	p.ID, p.State, p.Params, p.Order = reeve.JobID(id), reeve.ProposalState(state), json.RawMessage(params), json.RawMessage(order)
	p.Digest, p.Hold, p.Asked, p.Expires, p.Decided = toHash(digest), hold != 0, fromMicro(asked), fromMicro(expires), fromMicro(decided)
	p.Caller.Account, p.Caller.Source = p.Account, reeve.Source(source)
	if !p.Decided.IsZero() {
		p.DecidedBy.Account, p.DecidedBy.Source = p.Account, reeve.Source(decider)
	}
	return p, err
}

const oneProposal = "SELECT " + proposalColumns + "ordered FROM proposals WHERE id = $1 AND account = $2"

// Proposal returns one proposal.
func (s *Store) Proposal(ctx context.Context, account int64, id reeve.JobID) (reeve.Proposal, error) {
	return must[reeve.Proposal](noProposal)(first(ctx, s.db, scanProposal, oneProposal, int64(id), account))
}

// shortOrder is how long an order is, in bytes, with which a list brings a
// proposal along. Longer ones name their devices one by one.
const shortOrder = 4096

// Proposals returns a page of proposals, newest first, with orders that are short.
func (s *Store) Proposals(ctx context.Context, account int64, q reeve.ProposalQuery) ([]reeve.Proposal, error) {
	b := &binder{db: s.db}
	where, order := "account = "+b.put(account), ""
	if q.After != 0 {
		where += " AND id > " + b.put(int64(q.After))
	} else {
		where, order = where+" AND id < "+b.put(orLast(q.Before)), " DESC"
	}
	if len(q.States) > 0 {
		states := make([]int64, len(q.States))
		for i, state := range q.States {
			states[i] = int64(state)
		}
		where += " AND CASE WHEN state < 2 AND expires <= " + b.put(micro(q.Now)) + " THEN 4 ELSE state END " + b.among(numbers("state", states))
	}
	found, err := all(ctx, s.db, scanProposal, "SELECT "+proposalColumns+"CASE WHEN LENGTH(ordered) <= "+strconv.Itoa(shortOrder)+" THEN ordered ELSE '' END FROM proposals WHERE "+where+" ORDER BY id"+order+" LIMIT "+b.put(q.Limit), b.args...)
	if q.After != 0 {
		slices.Reverse(found)
	}
	return found, err
}

// Proposal returns one proposal; the lock on the account keeps it as it is.
func (p *placing) Proposal(id reeve.JobID) (reeve.Proposal, error) {
	return must[reeve.Proposal](noProposal)(first(p.tx.ctx, p.tx, scanProposal, oneProposal, int64(id), p.account.No))
}

// Propose stores a proposal under an id that no job has.
func (p *placing) Propose(o reeve.Proposal, lapsed time.Time, key reeve.RepeatKey, entry reeve.AuditEntry) error {
	t := p.tx
	_, taken, err := first(t.ctx, t, number, "SELECT id FROM jobs WHERE id = $1", int64(o.ID))
	switch {
	case err != nil:
		return err
	case taken:
		return reeve.ErrJobIDTaken
	}
	t.log(entry)
	if err := t.later("DELETE FROM proposals WHERE account = $1 AND expires < $2", p.account.No, micro(lapsed)); err != nil {
		return err
	}
	if err := p.keep(reeve.Work{Key: key}, reeve.Job{ID: o.ID, Issued: o.Asked}); err != nil {
		return err
	}
	c := o.Caller
	return t.later(`INSERT INTO proposals (`+proposalColumns+`ordered)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, 0, '', '', '', '', $18)`,
		int64(o.ID), p.account.No, int64(o.State), o.Action, string(o.Params), o.Digest[:], o.Targets, flag(o.Hold), int64(c.Source), c.Actor,
		clean(c.Name), clean(c.Operator), clean(c.Address), clean(c.RequestID), clean(o.Comment), micro(o.Asked), micro(o.Expires), clean(string(o.Order)))
}

// Settle stores what was decided of a proposal.
func (p *placing) Settle(o reeve.Proposal, entries ...reeve.AuditEntry) error {
	p.tx.log(entries...)
	by := o.DecidedBy
	return p.tx.later(`UPDATE proposals SET state = $3, expires = $4, decided = $5, decider_source = $6, decider = $7, decider_name = $8,
		decider_person = $9, reason = $10 WHERE id = $1 AND account = $2`, int64(o.ID), p.account.No, int64(o.State), micro(o.Expires), micro(o.Decided),
		int64(by.Source), by.Actor, clean(by.Name), clean(by.Operator), clean(o.Reason))
}
