# Two people who relay nothing talk over one node that serves them: filter to hear, lightpush to speak,
# the store to find each other and what they missed. One is `sotto node --chat` over HTTP, the other
# `sotto chat --plain`. Then the node that serves is killed and comes back, and one of them is away
# while the other writes. Usage: light.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
dir=$(mktemp -d)
pids=()
end() { exec 3>&- || true; kill -9 "${pids[@]}" 2> /dev/null || true; wait 2> /dev/null || true; rm -rf "$dir"; }
trap end EXIT
net="--cluster-id=66 --num-shards-in-network=8 --listen-address=127.0.0.1 --private-addresses"

fail() { echo "$*"; tail -n 5 "$dir"/*.log; exit 1; }
until_true() { # SECONDS COMMAND...
    local n=$(($1 * 10)); shift
    while ! "$@" > /dev/null 2>&1; do ((n-- > 0)) || return 1; sleep 0.1; done
}

# ---- the node that serves: at the same address and with the same key after a restart ----
port=0
serve() {
    : > "$dir/hub.log"
    "$build/sotto" node $net --tcp-port=$port --data-dir="$dir/hub" --store --rest=false >> "$dir/hub.log" 2>&1 &
    hub=$!
    pids+=("$hub")
    until_true 20 grep -q '^addresses' "$dir/hub.log" || fail "the service node does not start"
    address=$(sed -n 's/^addresses *//p' "$dir/hub.log" | head -1)
    port=$(sed -E 's#.*/tcp/([0-9]+)/.*#\1#' <<< "$address")
}
serve
# Lightpush takes nothing that would reach nobody: the rest of the network is one node that relays.
"$build/sotto" node $net --tcp-port=0 --data-dir="$dir/rest" --store=false --staticnode="$address" --rest=false >> "$dir/rest.log" 2>&1 &
pids+=("$!")
light="$net --tcp-port=0 --relay=false --store=false --staticnode=$address"

# ---- ada: a node that hosts her chat ----
begin_ada() {
    : > "$dir/ada.log"
    "$build/sotto" node $light --data-dir="$dir/ada" --rest-port=0 --chat=ada --chat-create >> "$dir/ada.log" 2>&1 &
    ada=$!
    pids+=("$ada")
    until_true 20 grep -q '^REST' "$dir/ada.log" || fail "ada's node does not start"
    url=$(sed -n 's/^REST *//p' "$dir/ada.log" | tail -1)/chat/v1
}
begin_ada
token=$(cat "$dir/ada/chat/token")
ask() { curl -sf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }
say() { ask -d "{\"text\":\"$1\"}" "$url/conversations/$with/entries" > /dev/null || fail "ada cannot say $1"; }
ada_reads() { ask "$url/conversations/$with/entries?limit=100" | grep -q "\"text\":\"$1\""; }

# ---- ben: the line mode ----
mkfifo "$dir/in"
begin_ben() {
    "$build/sotto" chat --plain --name=ben $light --data-dir="$dir/ben" --chat-create < "$dir/in" >> "$dir/ben.log" 2>&1 &
    ben=$!
    pids+=("$ben")
    exec 3> "$dir/in"
}
begin_ben
ben_says() { echo "send $1" >&3; }
ben_reads() { grep -q "\"text\":\"$1\",\"from\"" "$dir/ben.log"; }

# ---- they meet and talk ----
card=$(ask "$url/card" | grep -oE 'sottocard1[0-9a-z]+')
sleep 8 # who is looked for before the bundle is there is looked for again only a minute later
echo "contact $card" >&3
ben_says one
asked() { ask "$url/conversations" | grep -q requested; }
until_true 150 asked || fail "ada is not asked"
with=$(ask "$url/conversations" | grep -oE '"conversation":"[0-9a-f]{64}"' | head -1 | grep -oE '[0-9a-f]{64}')
ask -X POST "$url/conversations/$with/accept" > /dev/null || fail "ada cannot accept"
say two
until_true 60 ben_reads two || fail "ben does not read ada"
ben_says three
until_true 60 ada_reads three || fail "ada does not read ben"

# ---- the service node is killed and comes back ----
kill -9 "$hub"
wait "$hub" 2> /dev/null || true
say four # waits
sleep 1
serve
until_true 90 ben_reads four || fail "ben does not read what was said while nobody served"
ben_says five
until_true 60 ada_reads five || fail "ada does not read ben after the restart"

# ---- ada is away: the store has it ----
kill -9 "$ada"
wait "$ada" 2> /dev/null || true
ben_says six
sleep 1
begin_ada
until_true 60 ada_reads six || fail "ada does not read what she missed"
say seven
until_true 60 ben_reads seven || fail "they do not talk on"
! grep -E 'AddressSanitizer|runtime error|broken' "$dir"/*.log || fail "a node is broken"
echo "two light clients and one service node: met, talked, served again, caught up"
