# Two bots and a person, each on a node of its own, meet over a hub: the echo bot of libsotto, the echo
# bot in Python over HTTP, and a person over HTTP. They find each other by cards; then the nodes of the
# person and of the bot are killed with -9 and come back: nothing is lost, and the stream of events goes
# on where it was. Usage: talk.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
root=$(pwd)
dir=$(mktemp -d)
pids=()
end() { kill -9 "${pids[@]}" 2> /dev/null || true; wait 2> /dev/null || true; rm -rf "$dir"; }
trap end EXIT
cache() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
cc=$(cache CMAKE_C_COMPILER)
flags=$(cache CMAKE_C_FLAGS | tr ' ' '\n' | grep -E '^-fsanitize|^--coverage' | tr '\n' ' ' || true)
net="--cluster-id=66 --num-shards-in-network=8 --listen-address=127.0.0.1 --tcp-port=0 --private-addresses"

fail() { echo "$*"; tail -n 5 "$dir"/*.log; exit 1; }
until_true() { # SECONDS COMMAND...
    local n=$(($1 * 10)); shift
    while ! "$@" > /dev/null 2>&1; do ((n-- > 0)) || return 1; sleep 0.1; done
}
begin() { # NAME COMMAND...: in the background, its pid in $pid
    local name=$1; shift
    "$@" >> "$dir/$name.log" 2>&1 &
    pid=$!
    pids+=("$pid")
}
rest_of() { sed -n 's/^REST *//p' "$dir/$1.log" | tail -1; }

# ---- the nodes ----
begin hub "$build/sotto" node $net --data-dir="$dir/hub" --store --rest-port=0
until_true 10 grep -q '^REST' "$dir/hub.log" || fail "the hub does not start"
hub=$(sed -n 's/^addresses *//p' "$dir/hub.log" | head -1)

person() {
    : > "$dir/ada.log"
    begin ada "$build/sotto" node $net --staticnode="$hub" --data-dir="$dir/ada" --rest-port=0 --chat=ada --chat=py --chat-create
    ada=$pid
    until_true 20 grep -q '^REST' "$dir/ada.log" || fail "the person's node does not start"
    url=$(rest_of ada)/chat/v1
}
person
"$cc" -std=c17 $flags -I node/sdk node/sdk/examples/echo.c -o "$dir/echo" -L "$build" -lsotto -Wl,-rpath,"$build"
bot() { begin bot "$dir/echo" "$dir/bot" $net --staticnode="$hub"; bot=$pid; }
bot
until_true 20 grep -q sottocard1 "$dir/bot.log" || fail "the bot does not start"

token=$(cat "$dir/ada/chat/token")
ask() { curl -sf -H "Authorization: Bearer $token" -H 'Content-Type: application/json' "$@"; }
[[ $(curl -s -o "$dir/refused" -w '%{http_code}' "$url/self") = 401 ]] || fail "the token is not asked for"
[[ $(stat -c %a "$dir/ada/chat/token") = 600 ]] || fail "others can read the token"

# The bot in Python is the account py of the same node.
mkdir "$dir/py"
cat > "$dir/py/run.sh" << EOF
cd $dir/py
sed 's#/chat/v1" + path#/chat/v1" + path + ("\&" if "?" in path else "?") + "account=py"#' $root/node/sdk/examples/echo.py > echo.py
exec python3 echo.py $dir/ada/chat/token \$1
EOF
begin py bash "$dir/py/run.sh" "$(rest_of ada)"
until_true 20 grep -q sottocard1 "$dir/py.log" || fail "the bot in Python does not start"

# ---- talking ----
contact() { ask -d "{\"card\":\"$(grep sottocard1 "$dir/$1.log" | tail -1)\"}" "$url/contacts" | grep -oE '[0-9a-f]{64}'; }
say() { ask -d "{\"text\":\"$2\"}" "$url/conversations/$1/entries" > /dev/null || fail "cannot say $2"; }
said() { [[ $(ask "$url/conversations/$1/entries?limit=100" | grep -o "\"text\":\"$2\"" | wc -l) -eq $3 ]]; }

with_bot=$(contact bot)
with_py=$(contact py)
say "$with_bot" one
say "$with_py" one
until_true 60 said "$with_bot" one 2 || fail "the bot does not answer"
until_true 60 said "$with_py" one 2 || fail "the bot in Python does not answer"

# ---- events ----
follow() { curl -sN -m "$1" -H "Authorization: Bearer $token" ${2:+-H "Last-Event-ID: $2"} "$url/events${3-}" || true; }
follow 2 "" "?after=0" > "$dir/first"
last=$(sed -n 's/^id: //p' "$dir/first" | tail -1)
[[ $(sed -n 's/^id: //p' "$dir/first") = $(seq 1 "$last") ]] || fail "the numbers have gaps"

kill -9 "$bot"
say "$with_bot" two
kill -9 "$ada"
person
said "$with_bot" two 1 || fail "what was said is lost"
bot
until_true 90 said "$with_bot" two 2 || fail "the bot does not answer after it was killed"
say "$with_bot" three
until_true 60 said "$with_bot" three 2 || fail "they do not talk on"
said "$with_bot" one 2 || fail "something came twice"

follow 2 "$last" > "$dir/then"
[[ $(sed -n 's/^id: //p' "$dir/then" | head -1) = $((last + 1)) ]] || fail "the stream does not go on where it was"
for text in two three; do
    [[ $(grep -c "^data: .*\"kind\":\"entry\".*\"text\":\"$text\"" "$dir/then") -ge 2 ]] || fail "no event of $text"
done
! grep -E 'AddressSanitizer|runtime error|broken' "$dir"/*.log || fail "a node is broken"
echo "two bots and a person: found, talked, killed, talked on; $(sed -n 's/^id: //p' "$dir/then" | tail -1) events in order"
