#!/usr/bin/env bash
# The link against itself: 10,000 echoes with 100 +- 30 ms, then with one packet of five lost.
# A machine that is busy with something else may be late: each has three tries.
# Usage: run.sh BUILD_FOLDER. Last line: 'N passed, N failed'.
set -uo pipefail
build=$1
good=0
bad=0
echo_with() { # NAME LOSS_PERCENT
    local try status
    for try in 1 2 3; do
        "$build/netlab" "tests/netlab/$1.toml" 20 "$build/netlab_echo" 100 30 "$2" 10000
        status=$?
        ((status == 77)) && { echo "skipped: no namespaces or no /dev/net/tun here"; return; }
        ((status == 0)) && { ((good += 1)); return; }
    done
    echo "failed: the link of $1 is not what it says"
    ((bad += 1))
}
echo_with uniform 0
echo_with lossy 20
echo "$good passed, $bad failed"
((bad == 0))
