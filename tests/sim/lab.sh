#!/usr/bin/env bash
# sotto-sim as its user meets it: an interrupted sweep does the rest when it is started again, a disk that is full
# loses no finished run, a bad scenario file gets its line and the reason.
#
#   tests/sim/lab.sh PROGRAM        build/release/sotto-sim
set -u
sim=$(realpath "$1")
good=0 bad=0 dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2

check() { # check WHAT COMMAND...
    local what=$1
    shift
    if "$@"; then ((good += 1)); else ((bad += 1)) && echo "failed: $what"; fi
}

# Files that end as a finished run does.
whole() { grep -l '"kind":"end"' "$1"/*.jsonl 2>/dev/null | wc -l; }
sums() { (cd "$1" && sha256sum -- *.jsonl 2>/dev/null); }

cat >small.toml <<'END'
[scenario]
name = "small"
[net]
nodes = 30
connections = 3
warm_up_s = 5
seconds = 60
cool_down_s = 11
[steady]
per_minute = 300
END

# ---- interrupted ----

set -m # a process group of its own, so that the signal reaches the run as well
"$sim" sweep small.toml --seeds 1..8 --jobs 1 --out a >/dev/null 2>log &
pid=$!
set +m
until compgen -G "a/*.jsonl" >/dev/null || ! kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
kill -KILL -- "-$pid"
wait "$pid" 2>/dev/null
before=$(sums a)
n=$(whole a)
check "a sweep is killed on its way ($n of 8 were done)" [ "$n" -ge 1 -a "$n" -lt 8 ]
"$sim" sweep small.toml --seeds 1..8 --jobs 1 --out a >/dev/null 2>log
check "started again it does the rest" [ "$(whole a)" = 8 ]
kept=$(sums a | grep -cxFf <(echo "$before"))
check "what was done is not done again" [ "$kept" = "$n" ]

# ---- a full disk: no file may grow beyond so many blocks, as no file of a full disk may ----

bytes=$(stat -c %s a/*.jsonl | sort -n | head -1)
mkdir b && cp "$(ls a/*.jsonl | head -1)" b/
before=$(sums b)
status=$( (ulimit -f $((bytes / 1024 / 2)) && trap '' XFSZ && "$sim" sweep small.toml --seeds 1..8 --jobs 1 --out b >/dev/null 2>log) && echo 0 || echo $?)
check "a full disk is told by status 4 (was $status)" [ "$status" = 4 ]
check "and in words" grep -q "finished runs are whole" log
check "and loses no finished run" [ "$(sums b)" = "$before" ]
"$sim" sweep small.toml --seeds 1..8 --jobs 1 --out b >/dev/null 2>log
check "with room again the rest is done, and equal" diff -q <(grep -h '"kind":"end"' a/*.jsonl | sed 's/"wall_s".*//') <(grep -h '"kind":"end"' b/*.jsonl | sed 's/"wall_s".*//')

# ---- bad files ----

says() { # says LINE PART TEXT: refused with status 2, the line, and the reason
    printf '%b' "$3" >bad.toml
    "$sim" run bad.toml >out 2>&1
    [[ $? == 2 ]] && grep -q "^bad.toml:$1: .*$2" out
}
check "an unknown name" says 3 nodes '[net]\nnodes = 10\nnodse = 3\n'
check "a value out of range" says 4 "0 to 1" '\n[roles]\n\nstores = 1.5\n'
check "a value of another kind" says 2 "whole number" '[net]\nnodes = "ten"\n'
check "an event without a time" says 1 at_s '[[event]]\nkind = "kill"\n'
check "an operator that is none" says 3 "<=" '[[assert]]\nmetric = "x"\nop = "="\nvalue = 1\n'

echo "$good passed, $bad failed"
((bad == 0))
