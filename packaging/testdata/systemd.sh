# What a new user of the .deb does, and what becomes of it, where systemd runs:
# a whole system of its own, with a server and a network behind eth0.
. /test/say.sh
export HOME=/root

# until_true COMMAND... waits for what systemd and the agent do in their time.
until_true() {
	for _ in $(seq ${patience:-300}); do
		if "$@" >/dev/null 2>&1; then return; fi
		sleep 0.1
	done
	journalctl --no-pager -u reeve-agent -n 20 || true
	tail -n 5 /var/lib/reeve-agent/logs/agent.log || true
	fail "in vain waited for: $*"
}
step() { echo "== $*"; }
shows() { systemctl show --value -p "$1" reeve-agent; }
is() { [ "$(shows "$1")" = "$2" ]; }
answers() { reeve-agent status --state /var/lib/reeve-agent --json | grep -q '"connected":true'; }
device() { reeve-agent status --state /var/lib/reeve-agent --json | sed 's/.*"device":"\([^"]*\)".*/\1/'; }
first() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" /srv/first.json; }
enrol() { "$@" install --server "$(first url)" --pin "$(first pin)" --code-file /srv/code; }
reeve() { ip netns exec lan /test/reeve "$@"; }
order() { # ACTION... and then what the log must say of its end
	reeve act "$@" --all --wait >/srv/ordered 2>&1 || {
		cat /srv/ordered
		reeve log || true
		cat /var/lib/reeve-agent/logs/agent.log
		fail "reeve act $*"
	}
	cat /srv/ordered
}

step a network, whose DHCP client is the dhclient of the system
serve() { # FROM NAMESERVER
	ip netns exec lan dnsmasq --conf-file=/dev/null --port=0 --user=root --no-ping --dhcp-authoritative \
		--pid-file=/srv/dnsmasq.pid --dhcp-leasefile=/srv/leases --dhcp-range="$1,$1,1h" --dhcp-option=6,"$2"
}
ip netns add lan
ip link add eth0 type veth peer name eth0 netns lan
ip -n lan addr add 192.0.2.1/24 dev eth0
ip -n lan addr add 192.0.2.1/32 dev lo # which stays when the cable is pulled
ip -n lan link set lo up
ip -n lan link set eth0 up
ip link set eth0 up
serve 192.0.2.10 192.0.2.53
systemd-run --quiet --unit networking -p Type=oneshot -p RemainAfterExit=yes -p KillMode=process --no-block /sbin/dhclient eth0
until_true grep -q 192.0.2.53 /etc/resolv.conf

step a server in that network
systemd-run --quiet --unit server -p NetworkNamespacePath=/run/netns/lan /test/reeve serve --data /srv/data \
	--bootstrap /srv/first.json --listen 192.0.2.1:8443 --agents 192.0.2.1:8444 --rate-limit 200/min
until_true test -s /srv/first.json
first registration_code >/srv/code
REEVE_URL=$(first url) REEVE_PIN=$(first pin) REEVE_CLIENT_ID=$(first client_id) REEVE_CLIENT_SECRET=$(first client_secret)
export REEVE_URL REEVE_PIN REEVE_CLIENT_ID REEVE_CLIENT_SECRET

# files lists what is on this machine, but for what others change by themselves.
files() {
	find / /run /tmp -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /test -o -path /srv -o -path /home/user \
		-o -path /run/systemd -o -path /run/log -o -path /run/agetty.reload -o -path /var/log -o -path /var/cache/apt -o -path /var/lib/apt -o -name 'systemd-private-*' \) \
		-prune -o -print | sort -u
	find /run/systemd /var/log -name '*reeve*' | sort
}
mkdir /media/stick
useradd -m user
files >/srv/before

step the package, before it is told anything
apt-get -q install -y /test/old/*.deb
version 26.0.1
there $enabled
[ "$(shows ActiveState)" = inactive ] || fail "it runs without settings: $(shows ActiveState)"
systemctl start reeve-agent
[ -z "$(systemctl --failed --quiet)" ] || fail "$(systemctl --failed)"

step the settings
enrol reeve-agent
gone /etc/reeve-agent/code
pid=$(shows MainPID)
grep -Eq '^NoNewPrivs:.1$' "/proc/$pid/status" && grep -Eq '^Seccomp:.2$' "/proc/$pid/status" || fail "it is not bound"
grep -q '^CapBnd:.00000000000834e4$' "/proc/$pid/status" || fail "$(grep CapBnd "/proc/$pid/status")"
awk '/^VmRSS/ { print "resident:", $2, $3 }' "/proc/$pid/status"
nsenter -m -t "$pid" test -w /usr/bin && fail "/usr can be written"
nsenter -m -t "$pid" touch /home/x 2>/dev/null && fail "/home can be written"

mount -t tmpfs tmpfs /media/stick
nsenter -m -t "$pid" mountpoint -q /media/stick || fail "it does not see what is mounted later"

step its actions, within its bounds
printf '%s' 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR' '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*' >/home/user/found
chown user: /home/user/found
chmod 700 /home/user
chmod 600 /home/user/found
mkdir /var/lib/reeve-agent/rules
echo 'rule Marked { strings: $a = "marked for this" condition: $a }' >/var/lib/reeve-agent/rules/own.yar
echo 'marked for this' >/home/user/marked
order fetch_agent_log
order scan_threats --param scan_types=4 --param path=/home
reeve jobs show "$(sed -n 's/^job \([0-9a-f]*\): .*/\1/p' /srv/ordered)" --json | tee /srv/found | grep -q '2 threats' || fail "not found: $(cat /srv/found)"
order dhcprenew
before=$(cat /srv/dnsmasq.pid)
kill "$before"
until_true test ! -e "/proc/$before"
rm -f /srv/leases
serve 192.0.2.20 192.0.2.54
before=$(pidof dhclient)
order dhcprenew
until_true grep -q 192.0.2.54 /etc/resolv.conf
case $(stat -c %a /etc/resolv.conf) in
*[4567]) ;;
*) fail "others cannot read resolv.conf: $(ls -l /etc/resolv.conf)" ;;
esac
client=$(pidof dhclient)
[ "$client" != "$before" ] || fail "the client was not replaced"
grep -q reeve-agent "/proc/$client/cgroup" && fail "the new DHCP client is in the agent's group: $(cat "/proc/$client/cgroup")"

step an upgrade
before=$(device)
dpkg -i /test/new/*.deb
version 26.0.2
until_true answers
[ "$(shows MainPID)" != "$pid" ] && [ "$(device)" = "$before" ] || fail "it was not started anew as the same device"
pidof dhclient >/dev/null || fail "the DHCP client ended with the agent"

step a crash
kill -9 "$(shows MainPID)"
until_true is SubState auto-restart
systemctl restart reeve-agent
until_true answers

. /test/cable.sh

step a removal
reeve-agent uninstall --retire
gone /etc/reeve-agent /var/lib/reeve-agent
apt-get -q purge -y reeve-agent
gone $program $unit $enabled
rm -r /run/systemd/system/reeve-agent.service.d # which is the test's
systemctl daemon-reload
left=$(files | comm -13 /srv/before -)
[ -z "$left" ] || fail "these are left: $left"

step the same without a package
tar -C /srv -xf /test/new/*.tar.gz
enrol /srv/reeve-agent-*/reeve-agent
there /usr/local/bin/reeve-agent /etc/systemd/system/reeve-agent.service
hash -r # the shell remembers where the program was
systemctl stop reeve-agent && systemctl start reeve-agent
until_true answers
reeve-agent uninstall --retire
left=$(find / -xdev \( -path /test -o -path /srv -o -path /proc \) -prune -o -name '*reeve-agent*' -print)
[ -z "$left" ] || fail "these are left: $left"
systemctl cat reeve-agent 2>/dev/null && fail "systemd still knows the unit"
[ -z "$(systemctl --failed --quiet)" ] || fail "$(systemctl --failed)"
echo PROVEN
