# Part of systemd.sh: every action of an agent, ordered and watched through the
# API while the cable is pulled in the middle of it.

api() { # PATH [CURL'S...]: from the server's end of the cable
	path=$1
	shift
	ip netns exec lan curl -sS --cacert /srv/data/keys/root.crt -H "Authorization: Bearer $token" \
		-H 'Content-Type: application/json' "$REEVE_URL$path" "$@"
}
token=$(ip netns exec lan curl -sS --cacert /srv/data/keys/root.crt "$REEVE_URL/o/oauth/token" -d grant_type=client_credentials \
	-d "client_id=$REEVE_CLIENT_ID" -d "client_secret=$REEVE_CLIENT_SECRET" | jq -r .access_token)
pull() { ip -n lan link set eth0 down; }
plug() { ip -n lan link set eth0 up; }
seen() { api "/api/v1/devices/$(device)" | jq -e .online; }
arrived() { ss -Hnt | awk -v peer=192.0.2.1 '$2 > 0 && index($5, peer) == 1 { found = 1 } END { exit !found }'; }

# ask ACTION PARAMS leaves the id of the command in $command, and follows it.
ask() {
	if [ -z "${own-}" ]; then
		said=$(api /o/api/v3.3/devices/action -d '{"types":"'"$1"'","ids":["'"$(device)"'"],"params":'"$2"'}')
		[ "$(echo "$said" | jq '.[0].status')" = 1 ] || fail "$1 was answered $said"
		command=$(api "/api/v1/jobs?limit=1&action=$1" | jq -r '.items[0].id')00000000
	else # what the published API does not have
		said=$(api /api/v1/jobs -d '{"action":"'"$1"'","ids":["'"$(device)"'"],"params":'"$2"'}')
		command=$(echo "$said" | jq -er '.outcomes[0].command') || fail "$1 was answered $said"
	fi
	api "/api/v1/jobs/${command%00000000}/events" -N --max-time 400 >"/srv/$command" 2>&1 &
}
field() { api "/api/v1/commands/$command" | jq -r "$1"; }
begun() { [ "$(field .state)" = running ]; }
# ended STATE waits for the end of the command, which comes once and stays.
ended() {
	until_true grep -q '^event: done' "/srv/$command"
	[ "$(grep -c '^event: done' "/srv/$command")" = 1 ] || fail "it ended more than once: $(cat "/srv/$command")"
	[ "$(field .state)" = "$1" ] || fail "not $1 but $(api "/api/v1/commands/$command")"
	[ "$(field .late)" = null ] || fail "a second report came: $(api "/api/v1/commands/$command")"
	echo "$(field .state): $(field .message)"
}
# during SECONDS ACTION PARAMS holds the agent until the order lies before it,
# and lets it go on with the cable pulled, for so long.
during() {
	until_true seen
	systemctl kill --kill-whom=main -s STOP reeve-agent
	ask "$2" "$3"
	until_true arrived
	pull
	systemctl kill --kill-whom=main -s CONT reeve-agent
	sleep "$1"
	plug
}
# A call to the system that the unit forbids now ends who makes it.
drop=/run/systemd/system/reeve-agent.service.d
mkdir -p $drop
printf '[Service]\nSystemCallErrorNumber=kill\n' >$drop/strict.conf
systemctl daemon-reload
systemctl restart reeve-agent

step every action with the cable pulled for a moment
during 4 fetch_agent_log '{}'
ended succeeded
[ "$(api "/o/api/v3.1/get_reports?type=agent_log&command_id=$command" -o /srv/log.zip -w '%{content_type}')" = application/zip ] || fail "no archive"

during 4 dhcprenew '{}'
ended succeeded

during 4 re-identify '{}'
until_true begun
printf 'User One\nuser@example.org\n' | reeve-agent identify --state /var/lib/reeve-agent >/srv/asked
ended succeeded
api "/api/v1/devices/$(device)/identifications" | jq -e '.items[0].door == "terminal"' >/dev/null || fail "not identified"

step answers that are given with the cable out
ask re-identify '{}'
until_true begun
pull
printf 'User Two\ntwo@example.org\n' | reeve-agent identify --state /var/lib/reeve-agent >/srv/asked
plug
ended succeeded

step signatures from the server, and scans
mkdir /srv/signatures
printf 'Proof.Body:0:*:%s\n' "$(printf 'body of the proof' | od -An -tx1 | tr -d ' \n')" >/srv/signatures/own.ndb
reeve sets upload proof /srv/signatures
reeve sets assign proof
until_true sh -c 'grep -rq Proof.Body /var/lib/reeve-agent/sets'
echo 'the body of the proof is here' >/home/user/body
during 4 scan_threats '{"scan_types":[4],"path":"/home/user"}'
ended succeeded
for name in Eicar Proof.Body Marked; do
	api /o/api/v3/get_threats -d '{"id":"'"$(device)"'"}' | grep -q "$name" || fail "$name is no threat of the device: $(api "/api/v1/devices/$(device)/threats")"
done
during 4 scan_threats '{"scan_types":[0]}'
ended succeeded
field '.result.areas | tojson'
during 4 scan_threats '{"scan_types":[5]}' # no disk can be read in a container
ended failed
field '.result.areas[0].reason' | grep -q 'could not be read' || fail "it does not say why"
during 4 scan_threats '{"full_scan":1}'
ended succeeded
field '.result.areas | tojson'

step quarantine, which the unit as it comes does not allow
own=yes
during 4 scan_threats '{"full_scan":0,"scan_types":[4],"path":"/home/user/found","quarantine":true}'
ended succeeded
there /home/user/found
field '.result.errors[0].error' | grep quarantine.conf || fail "it does not say why: $(api "/api/v1/commands/$command")"
mkdir /etc/systemd/system/reeve-agent.service.d
cp /usr/share/doc/reeve-agent/quarantine.conf /etc/systemd/system/reeve-agent.service.d/
systemctl daemon-reload
systemctl restart reeve-agent
during 4 scan_threats '{"full_scan":0,"scan_types":[4],"path":"/home/user/found","quarantine":true}'
ended succeeded
gone /home/user/found
word=$(api "/api/v1/devices/$(device)/threats" | jq -r '.items[] | select(.path == "/home/user/found") | .quarantine')
during 4 unquarantine '{"quarantine":["'"$word"'"]}'
ended succeeded
[ "$(stat -c '%U %a' /home/user/found)" = "user 600" ] || fail "it came back as another: $(ls -l /home/user/found)"
own=

step every action at once, without D-Bus, with the cable pulled for longer than anybody waits
systemctl stop dbus.socket dbus.service
until_true seen
systemctl kill --kill-whom=main -s STOP reeve-agent
commands=
for action in dhcprenew fetch_agent_log re-identify; do
	ask $action '{}'
	commands="$commands $command"
done
ask scan_threats '{"scan_types":[4],"path":"/home/user"}'
commands="$commands $command"
until_true arrived
pull
systemctl kill --kill-whom=main -s CONT reeve-agent
until_true sh -c 'ls /var/lib/reeve-agent/questions | grep -q .'
printf 'User Three\nthree@example.org\n' | reeve-agent identify --state /var/lib/reeve-agent >/srv/asked
sleep 170
plug
systemctl start dbus.socket dbus.service
patience=1500 # pauses between its attempts have grown
for command in $commands; do
	until_true grep -q '^event: done' "/srv/$command"
	case $(field .state),$(field .message) in
	succeeded,* | failed,*"no DHCP server answered"*) echo "$(field .state): $(field .message)" ;;
	*) fail "$(api "/api/v1/commands/$command")" ;;
	esac
done
ip addr show eth0 | grep -q 192.0.2.20 || fail "the address is gone"

step a link for the user of a guest that is away
reeve-agent run --on-demand --server "$(first url)" --pin "$(first pin)" --code-file /srv/code >/srv/guest 2>&1 &
pid=$!
guest() { api '/api/v1/devices?agent_kind=on_demand' | jq -er '.items[0].id'; }
until_true guest
guest=$(guest)
kill -9 $pid
away() { api "/api/v1/devices/$guest" | jq -e '.online | not'; }
until_true away
api /o/api/v3/devices/action -d '{"types":"re-identify","ids":["'"$guest"'"]}' >/srv/asked
command=$(api "/api/v1/jobs?limit=1&action=re-identify" | jq -r '.items[0].id')00000000
link=$(field .link)
page() { ip netns exec lan curl -sS --cacert /srv/data/keys/root.crt "$link" -o /srv/page -w '%{http_code}' "$@"; }
[ "$(page)" = 200 ] || fail "the page of the link is $(cat /srv/page)"
[ "$(page -d a0=Guest -d a1=guest@example.org)" = 200 ] || fail "the answers were not taken: $(cat /srv/page)"
[ "$(page)" = 409 ] || fail "the link is good twice"
[ "$(field .state)" = succeeded ] || fail "not identified: $(api "/api/v1/commands/$command")"
api /o/api/v3/devices/action -d '{"types":"delete","ids":["'"$guest"'"]}' >/srv/asked
rm -r /tmp/reeve-on-demand-* # as the next guest would

step what it cost
awk '/^VmRSS|^RssAnon/ { print $1, $2, $3 }' "/proc/$(shows MainPID)/status"
[ "$(shows NRestarts)" = 0 ] || fail "it was started anew $(shows NRestarts) times: $(journalctl --no-pager -u reeve-agent)"
journalctl --no-pager -u reeve-agent | grep -iE 'not permitted|permission denied|SYSCALL|SIGSYS|status=31' && fail "it met its bounds"

step a device that is deleted with the cable out
before=$(device)
pull
api /o/api/v3/devices/action -d '{"types":"delete","ids":["'"$before"'"]}' | grep -q '"status":1' || fail "not deleted"
sleep 4
plug
left() { reeve-agent status --state /var/lib/reeve-agent --json | grep -q '"enrolled":false'; }
until_true left
[ "$(api "/api/v1/devices/$before" -o /dev/null -w '%{http_code}')" = 404 ] || fail "its record is still there"
until_true is ActiveState inactive
enrol reeve-agent
[ "$(device)" != "$before" ] || fail "it got its old record"

step leaving with the cable out
before=$(device)
pull
reeve-agent uninstall --retire && fail "it left without a word"
there /etc/reeve-agent/agent.env /var/lib/reeve-agent/identity.json
[ "$(shows ActiveState)" = active ] || fail "it does not run any more"
plug
