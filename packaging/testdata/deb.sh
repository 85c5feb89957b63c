# The life of the .deb where systemd does not run.
. /test/say.sh

mkdir -p /test/dpkg/info /test/dpkg/updates
: >/test/dpkg/status
dpkg() { command dpkg --admindir=/test/dpkg --force-unsafe-io "$@"; }

dpkg -i /test/old/*.deb
version 26.0.1
there $unit $enabled $policy
dpkg -V reeve-agent

# What the owner and the agent have written survives an upgrade.
echo '{"actions":{"dhcprenew":false}}' >$policy
echo 'REEVE_SERVER="https://192.0.2.1"' >/etc/reeve-agent/agent.env
mkdir -m 700 /var/lib/reeve-agent
echo '{}' >/var/lib/reeve-agent/identity.json
dpkg -i /test/new/*.deb </dev/null
version 26.0.2
there $unit $enabled /etc/reeve-agent/agent.env /var/lib/reeve-agent/identity.json
grep -q dhcprenew $policy || fail "the policy was replaced"

# A service that was disabled stays disabled.
DPKG_MAINTSCRIPT_PACKAGE=reeve-agent deb-systemd-helper disable reeve-agent.service >/dev/null
dpkg -i /test/new/*.deb
gone $enabled

dpkg -r reeve-agent
gone $program $unit
there $policy /etc/reeve-agent/agent.env /var/lib/reeve-agent/identity.json

dpkg -i /test/new/*.deb
version 26.0.2
dpkg -P reeve-agent
gone $program $unit $enabled /etc/reeve-agent /var/lib/reeve-agent /usr/share/doc/reeve-agent
