#!/usr/bin/env bash
# Leaks of plain Waku with a topic for each conversation, against our default: the table of docs/privacy.md.
#
#   tests/sim/leaks.sh [SEEDS] [PART]    SEEDS 1..3 unless said; only rows that contain PART
#
# Both sides of a row have the same people, network and adversary. Intervals are Student's, 95 %, over seeds.
set -u
cd "$(dirname "$0")/../.." || exit 2
sim=${SOTTO_SIM:-build/release/sotto-sim} out=build/leaks seeds=${1:-1..3}
rm -rf "$out" # results do not name the program

# asset | scenario | what both have | plain | ours | leak | price
rows='
sender of a message|dandelion|net.seconds=60|node.stem=false|node.stem=true|first-sent.precision|latency.p50
sender, naive spies|dandelion|net.seconds=60|node.stem=false|node.stem=true|first-spy.precision|latency.p50
contacts, from filter|buckets|net.seconds=300|topics.model=static|topics.model=bucket|intersection.precision|bytes.per_node_s
contacts, how many are found|buckets|net.seconds=300|topics.model=static|topics.model=bucket|intersection.recall|bytes.per_node_s
peer ids of one person, from stores|store-linkage|net.seconds=900|topics.model=static|topics.model=bucket|store-linkage.precision|bytes.per_node_s
contact, from receipts|receipts|net.seconds=1200|node.stem=false|node.stem=true|disclosure.precision|latency.p50
receipts, from sizes|receipts|net.seconds=1200|node.stem=false|payload.buckets=true|sizes.precision|bytes.per_node_s'

# runs_of SCENARIO SETTING...: prints the folder
runs_of() {
    local dir file=sim/scenarios/$1.toml set=() s
    dir=$out/$(tr -c 'a-z0-9\n' - <<<"$*")
    for s in "${@:2}"; do set+=(--set "$s"); done
    if [[ ! -d $dir ]]; then
        mkdir -p "$dir"
        "$sim" sweep "$file" "${set[@]}" --seeds "$seeds" --out "$dir" >&2 # assertions are of the shipped form
        "$sim" report "$dir" >&2
    fi
    echo "$dir"
}

# value DIR METRIC: mean, and the interval
value() {
    awk -F, -v m="$2" 'BEGIN { split("12.71 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t, " ") }
        $4 == m { s += $5; q += $5 * $5; n++ }
        END { if (!n) { print "none"; exit }
            mean = s / n; v = n > 1 ? (q - n * mean * mean) / (n - 1) : 0
            half = n > 1 ? ((n - 1) in t ? t[n - 1] : 2) * sqrt((v > 0 ? v : 0) / n) : 0
            if (m ~ /precision|recall/) {
                low = mean > half ? mean - half : 0; high = mean + half < 1 ? mean + half : 1
                printf "%.2f (%.2f to %.2f)", mean, low, high
            } else printf "%.0f", mean }' "$1/metrics.csv"
}

echo "| what is found out | measured by | plain | ours | price: plain, ours |"
echo "|---|---|---|---|---|"
while IFS='|' read -r asset scenario both plain ours leak price; do
    [[ -z $asset || $asset != *${2-}* ]] && continue
    a=$(runs_of "$scenario" "$both" "$plain") b=$(runs_of "$scenario" "$both" "$ours")
    echo "| $asset | $leak | $(value "$a" "$leak") | $(value "$b" "$leak") | $price $(value "$a" "$price"), $(value "$b" "$price") |"
done <<<"$rows"
