# Everything here sets itself up: on a fresh Debian or Ubuntu machine with Go,
# make and git, each target installs what it lacks, or says what to install.
#
#   make build    bin/reeve and bin/reeve-agent
#   make demo     build, then the whole product on this machine, loopback only
#   make check    the fast subset, for while you write
#   make test     everything a change must pass
#   make bench    the figures; ONLY=name runs one, ONLY='place-*' a family
#   make proof    the long ones: fuzzing, kills, large fleets (FUZZTIME=1m)
#   make dist     packages and archives of all systems in dist/, with checksums
#   make pictures the pictures in docs/pictures, of the console of a demo
#   make clean

.PHONY: build demo check test bench proof dist pictures clean
.DEFAULT_GOAL := build

VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOBUILD  := CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$(VERSION)"
FUZZTIME ?= 1m
ONLY     ?=

# What tests start besides Go programs. PostgreSQL is with-postgres.sh's care.
TESTBEDS := iproute2:ip strace:strace curl:curl jq:jq unzip:unzip fdisk:sfdisk systemd:systemd-analyze rsyslog:rsyslogd \
            dnsmasq-base:dnsmasq isc-dhcp-client:dhclient dhcpcd-base:dhcpcd udhcpc:udhcpc \
            dbus-daemon:dbus-daemon python3-dbusmock:/usr/lib/python3/dist-packages/dbusmock \
            clamav-daemon:clamd clamav:clamscan yara:yara \
            samba:samba samba-ad-provision:/usr/share/doc/samba-ad-provision \
            samba-dsdb-modules:/usr/share/doc/samba-dsdb-modules samba-vfs-modules:/usr/share/doc/samba-vfs-modules \
            $(BROWSER) \
            wine64:/usr/lib/wine/wine64 gcc-mingw-w64-x86-64-win32:x86_64-w64-mingw32-gcc
BROWSER  := chromium:chromium nodejs:node npm:npm
PACKERS  := dpkg:dpkg-deb rpm:rpmbuild zip:zip
SYSTEMS  := debootstrap:debootstrap systemd-container:systemd-nspawn
# Packages whose tests take longest. They begin first, so that none of them is
# left to run alone at the end.
LONGEST  := ./internal/proof ./internal/sqlstore ./internal/console ./internal/control ./internal/cmapi
RACE     := gcc:gcc libc6-dev:/usr/include/stdlib.h
# The race detector watches everything but what machines translated from C, for
# which its memory accesses would take five times as long, and which shares none
# with us. internal/proof builds its programs in the same way.
UNWATCHED := modernc.org/sqlite/lib modernc.org/libc/... modernc.org/memory
RACING   := -race $(UNWATCHED:%=-gcflags=%=-race=false)

build:
	$(GOBUILD) -o bin/ ./cmd/reeve ./cmd/reeve-agent

demo: build
	@exec bin/reeve demo

check:
	@scripts/need.sh $(TESTBEDS) $(PACKERS)
	@scripts/npm.sh e2e
	@scripts/lint.sh quick
	$(GOBUILD) -o bin/ ./cmd/reeve ./cmd/reeve-agent
	@scripts/with-postgres.sh scripts/gotest.sh -short -timeout 5m ./...

test:
	@scripts/need.sh $(RACE) $(TESTBEDS) $(PACKERS)
	@scripts/npm.sh e2e
	@scripts/lint.sh
	@scripts/with-postgres.sh scripts/gotest.sh $(RACING) -p 2 -timeout 40m $(LONGEST) ./...

bench:
	@scripts/need.sh $(BROWSER)
	@scripts/npm.sh e2e
	@scripts/with-postgres.sh --durable go -C bench run . $(if $(ONLY),-only '$(ONLY)')

proof:
	@scripts/need.sh $(RACE) $(TESTBEDS) $(PACKERS) $(SYSTEMS)
	@scripts/npm.sh e2e
	@scripts/fuzz.sh $(FUZZTIME)
	@REEVE_PROOF=1 scripts/with-postgres.sh scripts/gotest.sh -v -count=1 -p 1 -timeout 3h -run 'Test.*Proof' ./...

dist:
	@scripts/need.sh $(PACKERS)
	@rm -rf dist
	@scripts/dist.sh dist

pictures: build
	@scripts/need.sh $(BROWSER) curl:curl jq:jq fonts-dejavu-core:/usr/share/fonts/truetype/dejavu
	@scripts/npm.sh e2e
	@scripts/pictures.sh docs/pictures

clean:
	rm -rf bin dist
