#!/usr/bin/env bash
# The simulator against closed forms and published runs: makes the runs of each row of published.tsv and compares.
#
#   tests/sim/validate/run.sh [PART]    rows that contain PART; prints the table of docs/simulator.md
set -u
cd "$(dirname "$0")/../../.." || exit 2
here=tests/sim/validate out=build/validate good=0 bad=0
rm -rf "$out" # results do not name the program

# runs_of SCENARIO SETTINGS SEEDS: into a folder of their own, whose name is printed
runs_of() {
    local dir set=()
    dir=$out/$1-$(tr -c 'a-z0-9\n' - <<<"$2")
    [[ $2 == - ]] || read -ra set <<<"--set ${2// / --set }"
    if [[ ! -d $dir ]]; then
        mkdir -p "$dir"
        build/release/sotto-sim sweep "$here/$1.toml" "${set[@]}" --seeds "$3" --out "$dir" >&2 &&
            build/release/sotto-sim report "$dir" >&2
    fi
    echo "$dir"
}

# mean_of DIR METRIC: over the runs, its least and its greatest; a number is its own mean
mean_of() {
    [[ $2 =~ ^[0-9.]+$ ]] && echo "$2 $2 $2" && return
    awk -F, -v m="$2" '$4 == m { s += $5; n++; if (n == 1 || $5 < a) a = $5; if (n == 1 || $5 > b) b = $5 }
        END { if (n) printf "%.10g %.10g %.10g\n", s / n, a, b; else print "none none none" }' "$1/metrics.csv"
}

echo "| claim | expected | here: mean, least to greatest of the seeds | off | bound |"
echo "|---|---|---|---|---|"
while IFS=$'\t' read -r claim scenario settings seeds metric against within; do
    [[ $claim == \#* || $claim != *${1-}* ]] && continue
    dir=$(runs_of "$scenario" "$settings" "$seeds")
    read -r have least most < <(mean_of "$dir" "$metric")
    read -r want _ _ < <(mean_of "$dir" "$against")
    if awk -v h="$have" -v w="$want" -v p="$within" -v c="$claim" -v l="$least" -v m="$most" 'BEGIN {
        off = w > 0 && h != "none" ? 100 * (h - w) / w : 1e9
        printf "| %s | %.4g | %.4g, %.4g to %.4g | %+.1f %% | %s %% |\n", c, w, h, l, m, off, p
        exit !(off <= p && -off <= p) }'; then ((good += 1)); else ((bad += 1)); fi
done <"$here/published.tsv"
echo "$good passed, $bad failed"
[[ $bad == 0 ]]
