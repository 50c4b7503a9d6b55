# docs/gossipsub.md maps the specification to tests: every row ends in the names of tests, and each
# name must be a function of tests/unit or tests/sim that is registered to run.
set -euo pipefail
. tests/lint/lib.sh
doc=docs/gossipsub.md

[[ -f $doc ]] || exit 0
known=$(git ls-files 'tests/unit/*.c' 'tests/sim/*.c' | xargs -r sed -n 's/^static void \([a-z0-9_]*\)(void \*\*.*/\1/p' | sort -u)
runs=$(git ls-files 'tests/unit/*.c' 'tests/sim/*.c' | xargs -r grep -hoE 'cmocka_unit_test[a-z_]*\([a-z0-9_]+' | sed 's/.*(//' | sort -u)
rows=0
while IFS= read -r row; do
    [[ $row =~ ^\|[\ :|-]+\|$ || $row == *"| test"* ]] && continue # rulers and headings
    cell=${row%|*}
    cell=${cell##*|}
    rows=$((rows + 1))
    names=$(grep -o '`[a-z0-9_]*`' <<<"$cell" | tr -d '`' || true)
    [[ -n $names ]] || { bad "no test is named: ${row:0:100}"; continue; }
    for name in $names; do
        grep -qx "$name" <<<"$known" || bad "no such test: $name"
        grep -qx "$name" <<<"$runs" || bad "does not run: $name"
    done
done < <(grep '^|' "$doc")
((rows >= 80)) || bad "$doc: where is the table?"
verdict
