# Looks into the objects: what stands above the waterline calls no socket, clock, entropy, thread or
# file, and of libm only sqrt and floor (compilers and machines fold the others differently).
# Everything that is not defined by a room must be on the list below: a new name is a decision.
set -euo pipefail
. tests/lint/lib.sh
build=$1

impure='node_nat|node_evio|node_sdk|node_main|sim_lab' # the world below the waterline
files=' store:lmdb store:dump ' # archive of a room and prefix of its objects that may touch files: STYLE 2

allowed='^(bcmp|mem(cpy|move|set|cmp|chr|rchr|mem)|str(len|nlen|cmp|ncmp|casecmp|ncasecmp|chr|rchr|str|spn|cspn|pbrk|dup|ndup|to(l|ul|ll|ull|d|f|imax|umax))'
allowed+='|(malloc|calloc|realloc|free|aligned_alloc|abort|exit|qsort|bsearch|v?snprintf|v?fprintf|fputs|fputc|fwrite|puts|putchar|printf|stderr|stdout|fflush)'
allowed+='|(toupper|tolower|isx?digit|isalpha|isalnum|isspace|isprint|gmtime_r|timegm|explicit_bzero)'
allowed+='|__(assert_fail|errno_location|stack_chk_fail|ctype_(b|tolower|toupper)_loc|[a-z]+_chk|isoc99_.*|cxa_.*|gmon_start__|gcov_.*|llvm_.*|asan_.*|ubsan_.*|sanitizer_.*|popcountdi2|udivti3|umodti3|divti3)'
allowed+='|pthread_(once|key_create|[gs]etspecific)|randombytes_set_implementation' # made once, then pure
allowed+='|__tls_get_addr' # a variable of the thread's own
allowed+='|_GLOBAL_OFFSET_TABLE_|sqrtf?|floorf?'
allowed+='|(EVP|OPENSSL|ERR|OSSL|BN|BIO|EC|ECDSA|RSA|CRYPTO|d2i|i2d|X509|ASN1|PKCS[0-9]|SHA[0-9]*|HMAC)_[A-Za-z0-9_]+|secp256k1_[a-z0-9_]+'
allowed+='|crypto_[a-z0-9_]+|sodium_(memzero|memcmp|init|increment|bin2hex|hex2bin)|msgpack_[a-z0-9_]+|wslay_[a-z0-9_]+|QRcode_[A-Za-z]+|(ec|gf)_[a-z0-9_]+|json_[a-z0-9_]+|json(p|_)_?[a-z0-9_]+|mdb_[a-z_]+)$'
denied='^(RAND_|EVP_PKEY_(keygen|Q_keygen)|crypto_(sign|box|kx|secretbox|sign_ed25519)_keypair$|randombytes_(random|uniform|buf))'

mapfile -t archives < <(find "$build" -name 'libroom_*.a' | grep -vE "libroom_($impure)\.a" | sort)
defined=$(mktemp) && trap 'rm -f "$defined"' EXIT
find "$build" -name 'libroom_*.a' -exec nm --defined-only {} + 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u >"$defined"

# undefined_of ARCHIVE: "object symbol" of everything it wants from elsewhere
undefined_of() {
    nm -u -A "$1" 2>/dev/null | awk '{ n = split($1, part, ":"); print part[n - 1], $NF }' | sed 's/@.*//'
}

for archive in "${archives[@]}"; do
    room=${archive##*/libroom_}
    room=${room%.a}
    while read -r object symbol; do
        [[ $files == *" $room:${object%%[._]*} "* ]] && continue
        [[ ! $symbol =~ $denied && $symbol =~ $allowed ]] || bad "$room: $object calls $symbol"
    done < <(undefined_of "$archive" | sort -u | awk 'NR == FNR { own[$1]; next } !($2 in own)' "$defined" -)
done
verdict
