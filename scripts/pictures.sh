#!/usr/bin/env bash
# pictures.sh FOLDER
#
# Makes the pictures that the documents show anew, in FOLDER: of the console of
# a server with simulated devices, which is started for them on loopback. Needs
# bin/reeve.
set -euo pipefail
cd "$(dirname "$0")/.."

dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$dir"' EXIT
port=$((20000 + RANDOM % 10000))

bin/reeve serve --data "$dir/data" --listen "localhost:$port" --agents "localhost:$((port + 1))" \
	--rate-limit off --own-rate-limit off --bootstrap "$dir/first.json" 2>"$dir/server.log" &
for _ in {1..100}; do
	[[ -e $dir/first.json ]] && curl -sk "https://localhost:$port/readyz" >/dev/null && break
	kill -0 $! || { cat "$dir/server.log" >&2; exit 1; }
	sleep 0.1
done
bin/reeve swarm --server "https://localhost:$port" --pin "$(jq -r .pin "$dir/first.json")" \
	--code "$(jq -r .registration_code "$dir/first.json")" --count 500 --hold >/dev/null &

mkdir -p "$1"
REEVE_E2E=$(cat "$dir/first.json") NODE_EXTRA_CA_CERTS=$dir/data/keys/root.crt node e2e/pictures.mjs "$(realpath "$1")"
