package action

import (
	"time"

	"reeve"
)

func init() {
	define(Definition{
		Name:  "fetch_agent_log",
		Title: "Fetch the agent's log",
		Since: V3_1,
		Rules: map[Version]Rule{
			// The v3.1 page prints two numbers without platforms; by their major
			// lines they are Windows and macOS. The Linux line is ours.
			V3_1: agents(
				AgentRule{Kind: reeve.Persistent, System: reeve.Windows, Minimum: reeve.Version{7, 6, 231, 0}},
				AgentRule{Kind: reeve.Persistent, System: reeve.MacOS, Minimum: reeve.Version{10, 4, 225, 0}},
				AgentRule{Kind: reeve.Persistent, System: reeve.Linux},
			),
			V3_2: agents(persistent...),
		},
		Agent:   true,
		Returns: true,
		Uploads: true,
		Lives:   lives(7*24*time.Hour, 30*time.Minute),
	})
}
