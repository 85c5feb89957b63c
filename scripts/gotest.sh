#!/usr/bin/env bash
# gotest.sh ARGUMENT...
#
# go test with the rights that tests in network namespaces need. Root runs it
# as it is. Anybody else builds as himself, so that his caches stay his, and
# only the test binaries run through sudo, if that asks for no password.
set -euo pipefail

if [[ $(id -u) -eq 0 ]]; then
	exec go test "$@"
fi
if sudo -n true 2>/dev/null; then
	exec go test -exec "sudo -n -E env PATH=$PATH" "$@"
fi
echo "These tests make network namespaces, which only root may: run them as root, or as a user whose sudo asks for no password." >&2
exit 1
