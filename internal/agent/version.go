package agent

// Version is that of the agent, by date: year, month and a count within it.
const Version = "26.11.0"
