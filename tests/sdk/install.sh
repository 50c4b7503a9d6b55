# Installs to a prefix, and builds the examples against what was installed, by pkg-config alone: shared
# and static. Then the echo bot runs, and says its card. Usage: install.sh BUILD_FOLDER
set -euo pipefail
build=$1
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cache() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt"; }
cc=$(cache CMAKE_C_COMPILER)
flags=$(cache CMAKE_C_FLAGS | tr ' ' '\n' | grep -E '^-fsanitize|^--coverage' | tr '\n' ' ' || true)

cmake --install "$build" --prefix "$prefix" > "$prefix/install.log"
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name sotto.pc)")
lib=$(dirname "$PKG_CONFIG_PATH")
export LD_LIBRARY_PATH=$lib

# Only the names of the header can be seen from outside.
foreign=$(nm -D --defined-only "$lib/libsotto.so" | awk '$2 ~ /[TDBRW]/ && $3 !~ /^sotto_|^SOTTO_|^_(init|fini)$|^__/ {print $3}')
[[ -z $foreign ]] || { echo "libsotto.so shows: $foreign"; exit 1; }
foreign=$(nm -g --defined-only "$lib/libsotto.a" | awk 'NF == 3 && $3 !~ /^sotto_|^__/ {print $3}')
[[ -z $foreign ]] || { echo "libsotto.a shows: $foreign"; exit 1; }
promised=$(grep -oE '\bsotto_[a-z_0-9]+\(' node/sdk/sotto.h | tr -d '(' | sort -u)
for name in $promised; do
    nm -D --defined-only "$lib/libsotto.so" | grep -qE " $name(@|$)" || { echo "libsotto.so lacks $name"; exit 1; }
done

# A program that has never heard of this tree.
mkdir "$prefix/src"
cp node/sdk/examples/*.c "$prefix/src"
cd "$prefix/src"
for example in echo group history; do
    $cc -std=c17 -Wall -Wextra -Werror $flags $example.c -o $example $(pkg-config --cflags --libs sotto)
    $cc -std=c17 $flags $example.c -o $example-static $(pkg-config --cflags --libs --static sotto | sed "s#-lsotto#$lib/libsotto.a#")
done
echo '#include <sotto.h>
int main() { return sotto_abi(); }' > plus.cc
${CXX:-c++} -Wall -Werror -fsyntax-only plus.cc $(pkg-config --cflags sotto)
ldd ./echo-static | grep -q libsotto && { echo "echo-static needs libsotto.so"; exit 1; }
[[ $(wc -l < echo.c) -le 25 ]] || { echo "the echo bot has grown over 25 lines"; exit 1; }

for bot in echo echo-static; do
    timeout 20 ./$bot "$prefix/$bot.account" --listen-address=127.0.0.1 > $bot.log 2>&1 &
    pid=$!
    for _ in $(seq 200); do grep -q sottocard1 $bot.log && break; sleep 0.1; done
    kill $pid 2> /dev/null || true
    wait $pid 2> /dev/null || true
    grep -q sottocard1 $bot.log || { echo "$bot said:"; cat $bot.log; exit 1; }
    [[ $(head -1 $bot.log | wc -w) = 24 ]] || { echo "no 24 words:"; head -1 $bot.log; exit 1; }
done
man -l -Tascii "$prefix/share/man/man3/libsotto.3" > /dev/null 2>&1 || ! command -v man > /dev/null
echo "installed, built and run"
