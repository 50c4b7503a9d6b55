#!/usr/bin/env bash
# What bench.mjs needs on Debian 12: the libc6, libgcc-s1 and libstdc++6 of Debian 13, unpacked under build/glibc.
# Nothing is installed. They come from where apt's own main archive is, checked with Debian's keys.
set -euo pipefail
cd "$(dirname "$0")/../../.."
[[ -e build/glibc/complete ]] && exit 0
getconf GNU_LIBC_VERSION | awk '{ split($2, v, "."); exit !(v[1] > 2 || v[2] >= 38) }' && exit 0

dir=$PWD/build/glibc
rm -rf "$dir" && mkdir -p "$dir"/{lists/partial,cache/archives/partial,unpacked}
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' 'Component: main' | head -1)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $site trixie main" >"$dir/sources.list"
own=(-q -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache" -o APT::Sandbox::User=root)
apt-get "${own[@]}" update >/dev/null
(cd "$dir/unpacked" && apt-get "${own[@]}" download libc6 libgcc-s1 libstdc++6 >/dev/null)
for package in "$dir"/unpacked/*.deb; do dpkg-deb -x "$package" "$dir/unpacked"; done
rm -rf "$dir"/{lists,cache,sources.list} "$dir"/unpacked/*.deb
touch "$dir/complete"
