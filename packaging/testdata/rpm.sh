# The life of the .rpm where systemd does not run. Debian's rpm wants to be told
# that installing with it is meant, and knows of no package that it depends on.
. /test/say.sh

mkdir -p /test/rpmdb
rpm() { command rpm --dbpath /test/rpmdb "$@"; }
change() { rpm --force-debian --nosignature --nodeps "$@"; }

change -i /test/old/*.rpm
version 26.0.1
there $unit $enabled $policy
rpm -V --nodeps reeve-agent

echo '{"actions":{"dhcprenew":false}}' >$policy
echo 'REEVE_SERVER="https://192.0.2.1"' >/etc/reeve-agent/agent.env
mkdir -m 700 /var/lib/reeve-agent
echo '{}' >/var/lib/reeve-agent/identity.json
change -U /test/new/*.rpm
version 26.0.2
there $unit $enabled /etc/reeve-agent/agent.env /var/lib/reeve-agent/identity.json
grep -q dhcprenew $policy || fail "the policy was replaced"

# As it says, uninstall takes what erasing leaves.
reeve-agent uninstall
gone /etc/reeve-agent /var/lib/reeve-agent
change -e reeve-agent
gone $program $unit $enabled /etc/reeve-agent /usr/share/doc/reeve-agent
