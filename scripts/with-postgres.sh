#!/usr/bin/env bash
# with-postgres.sh [--durable] COMMAND...
#
# Runs COMMAND with REEVE_TEST_POSTGRES naming a PostgreSQL server on which
# tests may create and drop databases and schemas. If one answers there already,
# it is used. If not, a throw-away server is started in a private folder, on a
# private socket and a free loopback port, and is stopped and removed at the
# end, whatever the end is.
#
# Tests get a server that does not wait for the disk and that sorts text as a
# language does, since most real servers do so too. --durable leaves
# PostgreSQL's own settings as they are, for measuring.
set -euo pipefail

durable=
if [[ ${1-} == --durable ]]; then
	durable=1
	shift
fi

# Debian keeps these programs off the PATH; the newest goes first.
find_postgres() {
	local dir
	for dir in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV); do PATH=$PATH:$dir; done
}
find_postgres

answers() { pg_isready -q -d "$REEVE_TEST_POSTGRES" 2>/dev/null; }
if [[ -n ${REEVE_TEST_POSTGRES-} ]]; then
	# Without pg_isready to ask with, believe the one who set it.
	if ! command -v pg_isready >/dev/null || answers; then exec "$@"; fi
	echo "No PostgreSQL answers at REEVE_TEST_POSTGRES: starting a throw-away one." >&2
fi

"$(dirname "$0")/need.sh" postgresql:initdb
find_postgres

# PostgreSQL refuses to run as root, so root lends it to somebody harmless.
as_owner=()
owner=$(id -un)
if [[ $(id -u) -eq 0 ]]; then
	owner=nobody
	if id postgres >/dev/null 2>&1; then owner=postgres; fi
	if command -v runuser >/dev/null; then
		as_owner=(runuser -u "$owner" --)
	elif command -v setpriv >/dev/null; then
		as_owner=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups)
	else
		as_owner=(su -s /bin/sh "$owner" -c 'exec "$0" "$@"' --)
	fi
fi

home=$(mktemp -d /tmp/reeve-postgres.XXXXXX)
stop() {
	trap '' INT TERM HUP
	(cd / && "${as_owner[@]}" "$(command -v pg_ctl)" -D "$home/data" -m immediate -s stop) >/dev/null 2>&1 || true
	rm -rf "$home"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
chown "$owner" "$home"
chmod 700 "$home"

give_up() {
	cat "$home/log" >&2 2>/dev/null || true
	echo "A throw-away PostgreSQL could not be started; its last words are above." >&2
	exit 1
}

locale=(--locale=C.UTF-8)
if [[ -z $durable ]] && initdb --help | grep -q icu-locale; then
	locale+=(--locale-provider=icu --icu-locale=en-US)
fi
cd / # a folder that owner may read
"${as_owner[@]}" "$(command -v initdb)" -D "$home/data" -U reeve --auth=trust --no-sync -E UTF8 "${locale[@]}" \
	>"$home/log" 2>&1 || give_up

settings="listen_addresses=127.0.0.1 unix_socket_directories=$home max_connections=200 log_min_messages=fatal"
if [[ -z $durable ]]; then
	settings+=" fsync=off synchronous_commit=off full_page_writes=off shared_buffers=256MB max_wal_size=2GB"
fi
options=
for setting in $settings; do options+=" -c $setting"; done

started=
for _ in 1 2 3 4 5 6 7 8 9 10; do
	port=$((20000 + RANDOM % 12000))
	if "${as_owner[@]}" "$(command -v pg_ctl)" -D "$home/data" -l "$home/server.log" -o "-p $port$options" -s -w -t 60 start \
		>>"$home/log" 2>&1; then
		started=1
		break
	fi
	cat "$home/server.log" >>"$home/log"
	# Only a port that somebody else has is worth another try.
	grep -q 'Address already in use' "$home/server.log" || break
	rm -f "$home/server.log"
done
[[ -n $started ]] || give_up
cd "$OLDPWD"

export REEVE_TEST_POSTGRES="postgres://reeve@127.0.0.1:$port/postgres?sslmode=disable"
"$@"
