#!/usr/bin/env bash
# Every journey, in one clone that the first one builds.
# In a network of its own where that is allowed: the README's ports are free there, and nothing but
# this machine is needed.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [[ -z ${SOTTO_JOURNEY_NET-} ]]; then
    export SOTTO_JOURNEY_NET=1
    own=(unshare --net)
    ((EUID == 0)) || own=(unshare --user --map-root-user --net)
    if "${own[@]}" ip link set lo up 2>/dev/null; then
        exec "${own[@]}" bash -c "ip link set lo up && exec '$here/run.sh'"
    fi
    echo "no network of its own here: the ports 60000 and 8645 must be free"
fi
. "$here/lib.sh"

clones=$(mktemp -d /tmp/sotto-clone.XXXXXX)
trap 'rm -rf "$clones"' EXIT
from=$SECONDS
clone_to "$clones/sotto"
export SOTTO_CLONE=$clones/sotto SOTTO_CLONE_SECONDS=$((SECONDS - from))
status=0
for journey in talk node; do
    echo "$journey:"
    "$here/$journey.sh" || status=1
done

# What the README tells to type is in a journey, or is the check itself.
left=$(readme_commands | grep -vE '^(\./run|\./check|\./run chat --name [a-z]+|\./run node --chat=.*|curl .*)$')
if [[ -z $left ]]; then echo "1 passed, 0 failed"; else echo "in no journey: $left" && echo "0 passed, 1 failed"; fi
exit $status
