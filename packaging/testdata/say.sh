# What the scripts beside this one share. They run in a root of their own, where
# old and new hold the packages of two versions.
set -eu

fail() {
	echo "FAILED: $*" >&2
	exit 1
}
there() { for path in "$@"; do [ -e "$path" ] || fail "$path is missing"; done; }
gone() { for path in "$@"; do [ ! -e "$path" ] || fail "$path is still there"; done; }
version() { reeve-agent --version | grep -qF "($1)" || fail "the agent is not version $1: $(reeve-agent --version)"; }

program=/usr/bin/reeve-agent
unit=/usr/lib/systemd/system/reeve-agent.service
enabled=/etc/systemd/system/multi-user.target.wants/reeve-agent.service
policy=/etc/reeve-agent/policy.json
