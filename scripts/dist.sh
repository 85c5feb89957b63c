#!/usr/bin/env bash
# dist.sh FOLDER [PART...]
#
# Makes what is released, and SHA256SUMS of it, in FOLDER. A PART is one of
#
#   deb-amd64 deb-arm64 rpm-amd64 rpm-arm64
#   agent-linux-amd64 agent-linux-arm64 agent-windows-amd64
#   agent-macos-arm64 agent-macos-amd64
#   server-linux-amd64 server-linux-arm64
#
# Without any it makes all. The same commit and the same Go give the same bytes,
# wherever they are built: times are the commit's, owners and orders are fixed.
# Without a git checkout, name time and version in the environment:
# SOURCE_DATE_EPOCH (seconds since 1970) and REEVE_VERSION (such as 26.11.0).
set -euo pipefail
shopt -s inherit_errexit # what fails in $(...) fails here, where it is assigned
cd "$(dirname "$0")/.."

[[ $# -gt 0 ]] || { echo "dist.sh: name the folder to write to" >&2; exit 2; }
mkdir -p "$1"
dist=$(cd "$1" && pwd)
shift
parts=("$@")
[[ ${#parts[@]} -gt 0 ]] || parts=(deb-{amd64,arm64} rpm-{amd64,arm64} agent-linux-{amd64,arm64}
	agent-windows-amd64 agent-macos-{arm64,amd64} server-linux-{amd64,arm64})

# The package's version is the agent's, and between releases what sorts behind
# it: the time and the name of the commit.
if [[ -z ${SOURCE_DATE_EPOCH-} ]]; then
	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) || {
		echo "dist.sh: this is no git checkout; set SOURCE_DATE_EPOCH and REEVE_VERSION" >&2
		exit 1
	}
fi
version=${REEVE_VERSION-}
if [[ -z $version ]]; then
	version=$(sed -n 's/^const Version = "\(.*\)"$/\1/p' internal/agent/version.go)
	if [[ $(git describe --tags --exact-match 2>/dev/null) != "v$version" ]]; then
		version+=+git$(TZ=UTC git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd.%h --abbrev=10)
	fi
	[[ -z $(git status --porcelain) ]] || version+=.dirty
fi
export SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
# Settings of the caller that would change the result.
unset GOFLAGS GOAMD64 GOARM64 GOEXPERIMENT
umask 022

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build PROGRAM OS ARCH prints where the program is; each is built once.
build() {
	local out=$work/bin/$1-$2-$3
	[[ -e $out ]] || CGO_ENABLED=0 GOOS=$2 GOARCH=$3 go build -trimpath -buildvcs=false \
		-ldflags "-s -w -X main.version=$version" -o "$out" "./cmd/$1" >&2
	echo "$out"
}

# put MODE FROM TO copies a file with that mode.
put() { install -D -m "$1" "$2" "$3"; }

# stamp gives everything below a folder the commit's time.
stamp() { find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +; }

# stage ARCH prints the folder with what a Linux package holds.
stage() {
	local root=$work/root-$1 doc=$work/root-$1/usr/share/doc/reeve-agent program
	if [[ ! -d $root ]]; then
		program=$(build reeve-agent linux "$1")
		put 755 "$program" "$root/usr/bin/reeve-agent"
		put 644 internal/agent/setup/reeve-agent.service "$root/usr/lib/systemd/system/reeve-agent.service"
		put 644 internal/agent/setup/quarantine.conf "$doc/quarantine.conf"
		put 644 docs/agent.md "$doc/agent.md"
		put 644 NOTICE "$doc/NOTICE"
		put 644 LICENSE "$doc/copyright"
		mkdir -p "$root/etc/reeve-agent"
		echo '{}' >"$root/etc/reeve-agent/policy.json"
		stamp "$root"
	fi
	echo "$root"
}

deb() {
	local root=$work/deb-$1 staged kib
	staged=$(stage "$1")
	cp -a "$staged" "$root"
	mkdir "$root/DEBIAN"
	kib=$(find "$root/usr" "$root/etc" -type f -printf '%s\n' | awk '{ sum += $1 } END { print int(sum / 1024) + 1 }')
	sed -e "s/@VERSION@/$version/" -e "s/@ARCH@/$1/" -e "s/@SIZE@/$kib/" packaging/deb/control >"$root/DEBIAN/control"
	put 644 packaging/deb/conffiles "$root/DEBIAN/conffiles"
	for script in postinst prerm postrm; do put 755 "packaging/deb/$script" "$root/DEBIAN/$script"; done
	(cd "$root" && find usr -type f | sort | xargs md5sum >DEBIAN/md5sums)
	stamp "$root"
	# Several threads would split the archive by their number.
	DPKG_DEB_THREADS_MAX=1 dpkg-deb --root-owner-group -Zxz --build "$root" "$dist/reeve-agent_${version}_$1.deb" >/dev/null
}

rpm() {
	local root arch
	root=$(stage "$1")
	arch=$([[ $1 == amd64 ]] && echo x86_64 || echo aarch64)
	rpmbuild --quiet -bb --target "$arch-linux" \
		--define "_topdir $work/rpm-$1" --define "_rpmdir $work/rpms" --define "stage $root" \
		--define "version_of_package $version" --define "_buildhost localhost" \
		--define "use_source_date_epoch_as_buildtime 1" --define "clamp_mtime_to_source_date_epoch 1" \
		--define "source_date_epoch_from_changelog 0" --define "_build_id_links none" \
		--define "__os_install_post %{nil}" --define "debug_package %{nil}" --define "_binary_payload w9.gzdio" \
		packaging/rpm/reeve-agent.spec
	cp "$work/rpms/$arch/reeve-agent-$version-1.$arch.rpm" "$dist/"
}

# archive NAME FORMAT packs $work/NAME, whose files have their modes already.
archive() {
	put 644 LICENSE "$work/$1/LICENSE"
	put 644 NOTICE "$work/$1/NOTICE"
	stamp "$work/$1"
	case $2 in
	zip)
		rm -f "$dist/$1.zip"
		(cd "$work" && find "$1" -type f | sort | zip -q -X -9 -@ "$dist/$1.zip")
		;;
	tar.gz)
		tar -C "$work" --format=ustar --sort=name --owner=0 --group=0 --numeric-owner -cf - "$1" | gzip -9n >"$dist/$1.tar.gz"
		;;
	esac
}

agent() { # SYSTEM ARCH
	local name=reeve-agent-$version-$1-$2 os=$1 suffix='' format=tar.gz program
	case $1 in
	linux) put 644 internal/agent/setup/quarantine.conf "$work/$name/quarantine.conf" ;;
	windows) suffix=.exe format=zip ;;
	macos)
		os=darwin
		put 755 packaging/macos/install.sh "$work/$name/install.sh"
		;;
	esac
	program=$(build reeve-agent "$os" "$2")
	put 755 "$program" "$work/$name/reeve-agent$suffix"
	put 644 packaging/README.txt "$work/$name/README.txt"
	archive "$name" "$format"
}

server() { # SYSTEM ARCH
	local name=reeve-$version-$1-$2 program
	program=$(build reeve "$1" "$2")
	put 755 "$program" "$work/$name/reeve"
	put 644 docs/operations.md "$work/$name/operations.md"
	archive "$name" tar.gz
}

for part in "${parts[@]}"; do
	echo "== $part"
	IFS=- read -r kind first second <<<"$part"
	case $part in
	deb-amd64 | deb-arm64 | rpm-amd64 | rpm-arm64 | agent-linux-a??64 | agent-macos-a??64 | agent-windows-amd64 | server-linux-a??64)
		"$kind" "$first" ${second:+"$second"}
		;;
	*)
		echo "dist.sh: there is no part $part" >&2
		exit 2
		;;
	esac
done
cd "$dist"
find . -maxdepth 1 -type f -name 'reeve*' -printf '%P\n' | sort | xargs sha256sum >SHA256SUMS
echo "$(wc -l <SHA256SUMS) files and SHA256SUMS in $dist"
