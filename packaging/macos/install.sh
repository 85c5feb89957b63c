#!/bin/sh
# Makes the agent beside this script a service of this Mac; takes the flags of
# `reeve-agent install`. Asks for the password of an administrator.
set -eu

program=$(cd "$(dirname "$0")" && pwd)/reeve-agent
if [ ! -x "$program" ]; then
	echo "install.sh: there is no program $program; unpack the whole archive and run it there" >&2
	exit 1
fi
# What a browser fetched is marked, and marked programs do not start.
xattr -d com.apple.quarantine "$program" 2>/dev/null || true
exec sudo "$program" install "$@"
