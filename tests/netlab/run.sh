#!/usr/bin/env bash
# The link against itself: 10,000 echoes with 100 +- 30 ms, then with one packet of five lost. A machine
# that is busy with something else may be late: each has three tries. Then real groups on a bad link.
# Usage: run.sh BUILD_FOLDER [long]; long: 60 and 200 accounts on 20 processes for five minutes. Last line: 'N passed, N failed'.
set -uo pipefail
. tests/lib/setup.sh
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
# group_with NODES [ARG...]: group.mjs on a link that loses a packet of five
group_with() {
    local nodes=$1 status
    shift
    nice -n 5 "$build/netlab" tests/netlab/bad.toml "$nodes" "$(node_js -p process.execPath)" tests/netlab/group.mjs "$@"
    status=$?
    if ((status == 77)); then echo "skipped: no namespaces or no /dev/net/tun here"
    elif ((status == 0)); then ((good += 1))
    else ((bad += 1)); fi
}

if [[ ${2-} == long ]]; then
    group_with 20 --members 60 --seconds 300 --rate 10 --kills 6 --settle 240
    group_with 20 --members 200 --seconds 300 --rate 10 --kills 6 --settle 240 --type crowd
else
    echo_with uniform 0
    echo_with lossy 20
    group_with 4 --seconds 20 --rate 5 --kills 1
fi
echo "$good passed, $bad failed"
((bad == 0))
