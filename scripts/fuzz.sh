#!/usr/bin/env bash
# fuzz.sh TIME
#
# Runs every fuzz target of the module, one after the other, for TIME each.
# What go test finds it keeps under testdata/fuzz, where it becomes a test.
set -euo pipefail
cd "$(dirname "$0")/.."

grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's/:func / /' |
	while read -r file target; do
		echo "== $target in ${file%/*} for $1"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "${file%/*}" </dev/null
	done
