# Compares the map in the top CMakeLists.txt with the #includes: rooms, doors, toolboxes, libraries.
# STYLE: arrows only point up the page; a room shows one header, its door, and keeps the others.
set -euo pipefail
. tests/lint/lib.sh

declare -A deps place library
order=0
while read -r room wanted; do
    deps[$room]=" $wanted "
    place[$room]=$((order++))
done < <(sed -n 's/^room(\([^ )]*\) *\([^)]*\)).*/\1 \2/p' CMakeLists.txt)

while read -r room wanted; do
    for name in $wanted; do library[$name]+=" $room "; done
done < <(sed -n 's/^room_library(\([^ )]*\) *\([^)]*\)).*/\1 \2/p' CMakeLists.txt)

# Doors besides ROOM/ROOM.h: the two lines below the node, and the parts of the store.
declare -A door=(
    [net/host/port.h]="net/swarm node/core node/api node/evio sim"
    [net/host/streams.h]="net/swarm node/core sim"
    [store/archive.h]="node/core node/api node/main node/evio sim"
    [store/peers.h]="node/core node/main sim"
    [store/kv.h]="node/core node/chat node/chat/vault node/main node/evio node/sdk sim sim/chat"
    [net/reach/rendezvous.h]="net/host node/core"
    [net/services/peer_exchange.h]="net/host node/core node/api"
    [net/services/store_query.h]="net/host node/core node/api sim/attack sim/run"
    [net/waku/stem.h]="node/core node/api sim/run"
    [net/services/lightpush.h]="net/host node/core node/api sim/attack sim/run"
    [net/services/filter.h]="net/host node/core node/api sim/attack sim/run"
    [node/chat/vault/wipe_file.h]="node/evio node/main sim/chat"
    [node/chat/acquaint.h]="sim/chat"
    [node/api/events.h]="node/evio node/sdk node/main"
    [node/evio/wipe_file.h]="node/sdk node/main"
    [node/evio/token_file.h]="node/main"
    [node/sdk/account.h]="node/main"
    [node/sdk/addresses.h]="node/main"
    [net/gossipsub/rpc.h]="sim/attack"
    [node/conf/toml.h]="sim/scenario"
    [sim/random.h]="sim/attack sim/run sim/lab"
    [sim/attack/tap.h]="sim/run"
    [sim/histogram.h]="sim/attack sim/run sim/lab"
    [node/api/backend.h]="node/evio node/main"
    [node/evio/http.h]="node/main"
    [node/evio/terminal.h]="node/main"
    [node/evio/logs.h]="node/main"
    [store/retention.h]="node/core node/main"
)

# toolbox FROM ROOM: every header of these is a door for the rooms below them on the page
toolbox() {
    case $2 in
    crypto/base | crypto/prim) ;;
    net/wire) [[ $1 == net/* || $1 == node/* || $1 == sim* ]] || return 1 ;;
    node/chat/*) [[ $1 == node/chat* && ${deps[$1]} == *" $2 "* ]] || return 1 ;;
    *) return 1 ;;
    esac
    ((${place[$1]} > ${place[$2]}))
}

# library_of HEADER: the name it has in room_library, or nothing
library_of() {
    case $1 in
    openssl/x509.h) echo crypto ;; # d2i_PUBKEY: public keys in DER are a part of libcrypto
    openssl/ssl.h | openssl/tls1.h | openssl/x509*.h) echo ssl ;;
    openssl/*) echo crypto ;;
    secp256k1*) echo secp256k1 ;;
    sodium*) echo sodium ;;
    msgpack*) echo msgpackc ;;
    lmdb.h) echo lmdb ;;
    wslay/*) echo wslay ;;
    miniupnpc/*) echo miniupnpc ;;
    natpmp.h) echo natpmp ;;
    isa-l*) echo isal ;;
    jansson.h) echo jansson ;;
    event2/*) echo event_core ;;
    ares*) echo cares ;;
    qrencode.h) echo qrencode ;;
    pthread.h) echo pthread ;;
    esac
}

check_room_include() {
    local where=$1 from=$2 header=$3 to=${3%/*}
    [[ -f $header ]] || { bad "$where includes \"$header\", which is no path from the root"; return; }
    [[ $from == "$to" ]] && return
    [[ -v place[$to] ]] || { bad "$where includes \"$header\", which is in no room"; return; }
    toolbox "$from" "$to" && return
    [[ -v door[$header] && " ${door[$header]} " == *" $from "* ]] && return
    [[ ${deps[$from]} == *" $to "* ]] || { bad "$where: $from may not include from $to (CMakeLists.txt)"; return; }
    [[ $header == "$to/${to##*/}.h" ]] || bad "$where includes \"$header\", a private header: the door of $to is ${to##*/}.h"
}

check_library_include() {
    local where=$1 from=$2 header=$3 name
    name=$(library_of "$header")
    [[ -z $name || ${library[$name]-} == *" $from "* ]] ||
        bad "$where includes <$header>: the map allows $name in${library[$name]- no room}"
}

while IFS=: read -r file line text; do
    room=${file%/*}
    [[ -v place[$room] ]] || { bad "$file is in no room of CMakeLists.txt"; continue; }
    case $text in
    *\"*) header=${text#*\"} && check_room_include "$file:$line" "$room" "${header%%\"*}" ;;
    *\<*) header=${text#*<} && check_library_include "$file:$line" "$room" "${header%%>*}" ;;
    esac
done < <(git ls-files 'crypto/*.[ch]' 'net/*.[ch]' 'node/*.[ch]' 'store/*.[ch]' 'sim/*.[ch]' ':!node/sdk/examples' |
    xargs -r grep -nE '^ *# *include')
verdict
