# usage: run.sh PROGRAM: every case of it under valgrind, each in a run of its own. A case called
# planted_* holds a branch or index on a secret on purpose and must be reported; all others must not.
set -euo pipefail
program=$1
status=0
for name in $("$program" list); do
    code=0
    valgrind -q --error-exitcode=99 --suppressions=tests/ct/libcrypto.supp "$program" "$name" \
        >"$program.$name.log" 2>&1 || code=$?
    case $code in
    0) found=clean ;;
    99) found=reported ;;
    *) found="broken, exit code $code" ;;
    esac
    wanted=clean
    [[ $name == planted_* ]] && wanted=reported
    echo "$name: $found"
    if [[ $found != "$wanted" ]]; then
        echo "$name should be $wanted:"
        head -60 "$program.$name.log"
        status=1
    fi
done
exit $status
