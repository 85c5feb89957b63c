#!/usr/bin/env bash
# lint.sh [quick]
#
# What a change must pass before its tests are worth running: form, vet, tidy
# module files, staticcheck, and the agent on the other systems it must compile
# for. quick leaves out what takes more than a few seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "== $*"; }

say gofmt
unformatted=$(gofmt -l .)
if [[ -n $unformatted ]]; then
	echo "gofmt would change these; run gofmt -w on them:" $unformatted >&2
	exit 1
fi

say merges
if git grep -nE '^(<<<<<<<|>>>>>>>) '; then
	echo "These lines are of a merge that nobody finished: choose a side." >&2
	exit 1
fi

say go vet
go vet ./...
[[ ${1-} == quick ]] && exit 0

# The agent and every room below it must compile where agents live.
for os in windows darwin; do
	say "go vet for $os"
	(
		export GOOS=$os CGO_ENABLED=0
		go list -deps -f '{{if and .Module .Module.Main}}{{.ImportPath}}{{end}}' ./cmd/reeve-agent |
			xargs go vet
	)
done

say staticcheck
go tool -modfile=tools/go.mod staticcheck ./...

for module in . tools tools/s3 bench; do
	say "go mod tidy ($module)"
	go -C "$module" mod tidy -diff || {
		echo "The module files of $module are not tidy: run 'go -C $module mod tidy'." >&2
		exit 1
	}
done

say bench
go -C bench vet ./...
(cd bench && go tool -modfile=../tools/go.mod staticcheck ./...)
go -C bench test ./...
