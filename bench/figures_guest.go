package main

import (
	"context"
	"os/exec"
)

func init() {
	const both = " of the connected and idle agent in five minutes, over that of MeshCentral's agent (" + meshCentral + ") beside it"
	over := func(of func(guest) float64) func([]guest) float64 {
		return func(g []guest) float64 { return of(g[0]) / of(g[1]) }
	}
	defineWatched(
		func(ctx context.Context, b *bench) ([]*exec.Cmd, error) {
			m, err := b.openMesh(ctx)
			if err != nil {
				return nil, err
			}
			theirs, err := m.startAgent(ctx, b)
			if err != nil {
				return nil, err
			}
			_, ours, err := b.startAgent(ctx)
			return []*exec.Cmd{ours, theirs}, err
		},
		watched{"agent-meshcentral-resident", "memory" + both, atMost(1), over(func(g guest) float64 { return g.resident })},
		watched{"agent-meshcentral-cpu", "processor time" + both, atMost(1), over(func(g guest) float64 { return g.processor })},
		// MeshCentral's agent says a word in two minutes. Ours says more often that
		// it is there; its bound is a number of bytes, in figures_idle.go.
		watched{"agent-meshcentral-traffic", "bytes on the wire" + both, goal{}, over(func(g guest) float64 { return g.traffic })},
	)
}
