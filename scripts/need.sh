#!/usr/bin/env bash
# need.sh PACKAGE:PROGRAM...
#
# Makes sure that each PROGRAM is on this machine and installs the Debian
# PACKAGE that brings it where it is not. A PROGRAM that starts with a slash is
# a file that must exist. It does nothing, and asks for nothing, when all are
# there. Where it may not install (neither root nor sudo without a password) it
# fails with one sentence that says what to install.
set -euo pipefail

# Where Debian keeps programs that are not on everybody's PATH.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
for dir in /usr/lib/postgresql/*/bin; do PATH=$PATH:$dir; done

packages=() programs=()
for pair in "$@"; do
	package=${pair%%:*} program=${pair#*:}
	case $program in
	/*) [[ -e $program ]] && continue ;;
	*) command -v "$program" >/dev/null && continue ;;
	esac
	packages+=("$package") programs+=("$program")
done
[[ ${#packages[@]} -eq 0 ]] && exit 0

fail() {
	echo "$1 missing here: ${programs[*]}; install the Debian packages that bring them (apt-get install ${packages[*]}) and try again." >&2
	exit 1
}

command -v apt-get >/dev/null || fail "There is no apt-get to install what is"
if [[ $(id -u) -eq 0 ]]; then
	root=()
elif sudo -n true 2>/dev/null; then
	root=(sudo -n)
else
	fail "Neither root nor sudo without a password can install what is"
fi

echo "Installing ${packages[*]} (for ${programs[*]})" >&2
install() {
	"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
		apt-get -o DPkg::Lock::Timeout=120 install -y -qq --no-install-recommends "${packages[@]}"
}
# The lists may be old or, on a new machine, absent: fetch them only then.
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install >"$log" 2>&1; then
	"${root[@]}" apt-get update -qq >"$log" 2>&1 && install >>"$log" 2>&1 || {
		cat "$log" >&2
		fail "apt-get could not install what is"
	}
fi
