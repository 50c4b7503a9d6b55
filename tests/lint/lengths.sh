# Reports, without failing, what has grown: .c files over 400 lines, functions over 60.
set -euo pipefail
git ls-files '*.c' | xargs -r awk '
    FNR == 1 { if (lines > 400) print file ": " lines " lines"; file = FILENAME; start = 0 }
    { lines = FNR }
    /^\{/ { start = FNR }
    /^\}/ { if (start && FNR - start > 60) print FILENAME ":" start ": a function of " FNR - start " lines"; start = 0 }
    END { if (lines > 400) print file ": " lines " lines" }'
