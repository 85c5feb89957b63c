package swarm

import (
	"sync/atomic"
	"time"
)

// Stats is what a swarm has counted so far.
type Stats struct {
	Devices   int
	Enrolled  int64 // by this run
	Rejected  int64 // devices that the server did not take
	Connected int64 // now
	Welcomes  int64 // connections that the server welcomed, in all
	Lost      int64 // connections and attempts that ended otherwise than by the swarm

	Orders    int64 // taken for the first time
	Repeats   int64 // that came again
	Faulty    int64 // refused: forged or too late
	Completed int64 // commands whose last report the server has acknowledged
	Cancelled int64
	Retired   int64     // devices
	LastOrder time.Time // when the last of Orders was read
}

// counts are the counters behind Stats.
type counts struct {
	enrolled, rejected, connected, welcomes, lost atomic.Int64
	orders, repeats, faulty, completed, cancelled atomic.Int64
	retired, lastOrder                            atomic.Int64
}

// Stats returns what was counted so far.
func (s *Swarm) Stats() Stats {
	st := Stats{
		Devices:  len(s.devices),
		Enrolled: s.enrolled.Load(), Rejected: s.rejected.Load(),
		Connected: s.connected.Load(), Welcomes: s.welcomes.Load(), Lost: s.lost.Load(),
		Orders: s.orders.Load(), Repeats: s.repeats.Load(), Faulty: s.faulty.Load(),
		Completed: s.completed.Load(), Cancelled: s.cancelled.Load(), Retired: s.retired.Load(),
	}
	if at := s.lastOrder.Load(); at != 0 {
		st.LastOrder = time.Unix(0, at)
	}
	return st
}
