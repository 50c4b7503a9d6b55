#!/usr/bin/env bash
# Leaks of plain Waku as a chat on it has it today (flood-publish, a content topic for each conversation, receipts
# at once, no padding) against our default: the table of docs/privacy.md.
#
#   tests/sim/leaks.sh [SEEDS] [PART]    SEEDS 1..5 unless said; only rows that contain PART
#
# Both sides of a row have the same people, network and adversary. Intervals are Student's, 95 %, over seeds. Ours
# is called better when the intervals of what is looked at do not overlap.
set -u
cd "$(dirname "$0")/../.." || exit 2
sim=${SOTTO_SIM:-build/release/sotto-sim} seeds=${1:-1..5}
out=build/leaks/$(sha256sum "$sim" | cut -c1-12)/$seeds # of this program: what was interrupted goes on

plain='node.stem=false node.flood_publish=true topics.model=static topics.cover=0 payload.buckets=false receipts.delay_ms=500 receipts.delay_max_ms=0 commits.racers=3 commits.spread_s=2'
ours='node.stem=true node.flood_publish=false topics.model=bucket topics.buckets=256 topics.cover=32 payload.buckets=true receipts.delay_ms=2000 receipts.delay_max_ms=10000 commits.racers=1 commits.spread_s=60'

# asset (THREATS) | seen by | attack, and what of it | scenario | settings of both | price
rows='
sender of a message|relays, a fifth of them|first-sent.precision|leaks||latency.p50
its anonymity set||first-sent.set|leaks||latency.p50
sender, by spies who know no delays|relays|first-spy.precision|leaks||latency.p50
sender, past the mesh|relays|non-mesh.recall|leaks||bytes.per_node_s
sender, all messages of a topic together|relays|topic-linkage.precision|leaks||latency.p50
sender, when spies swallow what stems hand them|active relays|withholding.precision|dandelion|net.seconds=60 adversary.hold=true|latency.p99
sender, the same, who handed it over|active relays|first-sent.precision|dandelion|net.seconds=60 adversary.hold=true|latency.p99
sender, when all connections end at spies|active relays|eclipse.precision|dandelion|net.seconds=60 adversary.eclipsed=0.05|latency.p50
sender, by size and time on all cables|all links|origin.precision|leaks||bytes.per_node_s
the node behind an account|member of a group, relays|insider.precision|leaks||latency.p50
its anonymity set||insider.set|leaks||latency.p50
topics of a client|services, half of them|interest.precision|leaks||bytes.per_node_s
contacts, from subscriptions|services|intersection.precision|leaks||bytes.per_node_s
contacts from subscriptions, how many||intersection.recall|leaks||bytes.per_node_s
contacts from subscriptions, anonymity set||intersection.set|leaks||bytes.per_node_s
contacts, from who writes on a topic|relays|topic-pairs.precision|leaks||latency.p50
contacts, from who answers when|relays|disclosure.precision|leaks||latency.p50
contacts, the same, without groups|relays|disclosure.precision|receipts|net.seconds=600|latency.p50
members of a group, from subscriptions|services|membership.precision|leaks||bytes.per_node_s
members of a group, from commits|relays|commit-races.precision|leaks||bytes.per_node_s
minutes in which a light client writes|services|activity.precision|leaks||bytes.per_node_s
messages of one conversation|any relay|linkage.precision|leaks||bytes.per_node_s
what is a receipt|any relay|sizes.precision|leaks||bytes.per_node_s
peer ids of one person|stores, half of them|store-linkage.precision|store-linkage|net.seconds=600|bytes.per_node_s
deliveries when a fifth of the relays drops all|active relays|delivery.ratio|dandelion|net.seconds=60 adversary.drop=true|latency.p99'

# runs_of SCENARIO SIDE SETTING...: prints the folder
runs_of() {
    local dir file=sim/scenarios/$1.toml set=() s
    dir=$out/$(tr -c 'a-z0-9.\n' - <<<"$1 $2 ${*:3}")
    for s in ${!2} "${@:3}"; do set+=(--set "$s"); done
    if [[ ! -f $dir/report.html ]]; then
        mkdir -p "$dir"
        "$sim" sweep "$file" "${set[@]}" --seeds "$seeds" --out "$dir" >&2 # assertions are of the shipped form
        "$sim" report "$dir" >&2
    fi
    echo "$dir"
}

# value DIR METRIC: "mean lower upper", over seeds
value() {
    awk -F, -v m="$2" 'BEGIN { split("12.71 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262", t, " ") }
        $4 == m && !(m ~ /precision/ && $8 == 0) { s += $5; q += $5 * $5; n++ }
        END { if (!n) { print "none 0 0"; exit }
            mean = s / n; v = n > 1 ? (q - n * mean * mean) / (n - 1) : 0
            half = n > 1 ? ((n - 1) in t ? t[n - 1] : 2) * sqrt((v > 0 ? v : 0) / n) : 0
            low = mean > half ? mean - half : 0; high = mean + half
            if (m ~ /precision|recall|ratio/) high = high < 1 ? high : 1
            printf "%.6g %.6g %.6g\n", mean, low, high }' "$1/metrics.csv"
}

# told METRIC MEAN LOWER UPPER: as the table has it
told() {
    case $1 in
    *.precision | *.recall) [[ $2 == none ]] && printf 'no claim' || printf '%.2f (%.2f to %.2f)' "${@:2}" ;;
    *.ratio) printf '%.4f' "$2" ;;
    *.set) printf '%.0f (%.0f to %.0f)' "${@:2}" ;;
    latency.*) printf '%.0f' "$2" ;;
    *) printf '%.0f' "$2" ;;
    esac
}

# better METRIC PLAIN_LOWER PLAIN_UPPER OURS_LOWER OURS_UPPER
better() {
    case $1 in
    *.set) awk -v a="$3" -v b="$4" 'BEGIN { print((b > a) ? "yes" : "**no**") }' ;;
    *.ratio) awk -v a="$2" -v b="$5" 'BEGIN { print((b >= a) ? "equal" : "**no**") }' ;;
    *) awk -v a="$2" -v b="$5" 'BEGIN { print((b < a) ? "yes" : "**no**") }' ;;
    esac
}

echo "| what is found out | by | measured by | plain | ours | better | price: plain, ours |"
echo "|---|---|---|---|---|---|---|"
worse=
while IFS='|' read -r asset by leak scenario both price; do
    [[ -z $asset || $asset$leak$scenario != *${2-}* ]] && continue
    a=$(runs_of "$scenario" plain $both) b=$(runs_of "$scenario" ours $both)
    read -ra p <<<"$(value "$a" "$leak")"
    read -ra o <<<"$(value "$b" "$leak")"
    read -r pp _ <<<"$(value "$a" "$price")"
    read -r op _ <<<"$(value "$b" "$price")"
    verdict=$(better "$leak" "${p[1]}" "${p[2]}" "${o[1]}" "${o[2]}")
    [[ $verdict == *no* ]] && worse+="- $asset: $leak $(told "$leak" "${o[@]}"), plain $(told "$leak" "${p[@]}")"$'\n'
    echo "| $asset | $by | $leak | $(told "$leak" "${p[@]}") | $(told "$leak" "${o[@]}") | $verdict | $price $(told "$price" "$pp"), $(told "$price" "$op") |"
done <<<"$rows"
printf '\nNot clearly better:\n\n%s' "$worse"
