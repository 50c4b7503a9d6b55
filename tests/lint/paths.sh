# No tracked file names a folder of somebody's machine or the host of a package registry.
set -euo pipefail
. tests/lint/lib.sh

found() {
    while IFS= read -r line; do bad "$1: $line"; done < <(git grep -nIE "$2" -- . ':!LICENSE' ':!tests/lint/paths.sh' | cut -c1-160)
}

found 'a machine path' '(^|[^[:alnum:]._~-])/(work|farm|root|home|Users)/'
found 'a registry host' 'https?://[^ "/]*(registry|mirror|npmjs|deb\.debian)'
found 'a resolved address in a lock file' '"resolved": *"http'
verdict
