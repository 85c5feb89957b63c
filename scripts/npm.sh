#!/usr/bin/env bash
# npm.sh FOLDER
#
# Installs what FOLDER/package-lock.json names, and does nothing where that is
# installed already.
set -euo pipefail
cd "$(dirname "$0")/../$1"

cmp -s package-lock.json node_modules/.installed && exit 0
node -e 'process.exitCode = parseInt(process.versions.node) < 20 ? 1 : 0' || {
	echo "$1 needs Node.js 20 or newer, here is $(node --version): install a newer one and try again." >&2
	exit 1
}
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
cp package-lock.json node_modules/.installed
