#!/bin/bash
# Every test that docs/gossipsub.md names stands in the sources and runs.
. tests/lint/lib.sh

tests=$(cat tests/unit/net/gossipsub/test_*.c)
# names stand in the last column, in backquotes
named=$(sed -n 's/^|.*|\([^|]*`[^|]*\)|$/\1/p' docs/gossipsub.md | grep -o '`[^`]*`' | tr -d '`' | sort -u)
(($(wc -w <<<"$named") >= 80)) || bad "docs/gossipsub.md: where is the table of tests?"
for name in $named; do
    grep -q "static void $name(void \*\*state)" <<<"$tests" || bad "docs/gossipsub.md: no test $name"
    grep -q "cmocka_unit_test($name)" <<<"$tests" || bad "docs/gossipsub.md: $name does not run"
done
verdict
