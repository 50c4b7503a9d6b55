#include "net/discovery/tree.h"

#include "crypto/prim/keccak.h"
#include "crypto/prim/secp.h"
#include "net/wire/bases.h"

#define ROOT           SPAN_LIT("enrtree-root:v1 ")
#define BRANCH         SPAN_LIT("enrtree-branch:")
#define LINK           SPAN_LIT("enrtree://")
#define SIG            SPAN_LIT(" sig=")
#define KEY_CHARS      (BASE32_CHARS(ENR_KEY_BYTES) - 1)
#define SIG_BYTES      65u /* r, s, and a recovery id that nobody needs */
#define HASH_BYTES     32u
#define HASH_CHARS_MIN 20u /* 12 bytes; what other readers ask for, too */

/* Up to `stop`, which is skipped; all when it does not come. */
static struct span take_until(struct span *text, uint8_t stop)
{
    size_t n = 0;

    while (n < text->len && text->ptr[n] != stop)
        n++;
    struct span word = span_sub(*text, 0, n);
    *text = span_after(*text, n < text->len ? n + 1 : n);
    return word;
}

/* Letters, digits, '-', '.' and '_' only: it becomes a part of names that we ask for. */
static bool is_domain(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.ptr[i], lower = c | 0x20;
        bool fine = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                    c == '_' || (c == '.' && i > 0 && s.ptr[i - 1] != '.');
        if (!fine)
            return false;
    }
    return s.len > 0 && s.len + 1 + DNS_HASH_CHARS_MAX <= DNS_NAME_MAX;
}

enum err tree_url_parse(struct span text, struct tree_url *out)
{
    uint8_t key[ENR_KEY_BYTES + 1], point[64];
    size_t len;

    if (!span_starts(text, LINK))
        return ERR_FORMAT;
    text = span_after(text, LINK.len);
    struct span encoded = take_until(&text, '@');
    if (encoded.len != KEY_CHARS || !is_domain(text))
        return ERR_FORMAT;
    TRY(base32_decode(encoded, key, &len));
    if (len != ENR_KEY_BYTES)
        return ERR_FORMAT;
    TRY(secp_uncompressed(span_of(key, len), point)); /* a point of the curve */
    *out = (struct tree_url){0};
    memcpy(out->key, key, ENR_KEY_BYTES);
    memcpy(out->domain, text.ptr, text.len);
    return OK;
}

static enum err read_hash(struct span text, struct tree_hash *out)
{
    uint8_t bytes[HASH_BYTES + 1];
    size_t len;

    if (text.len < HASH_CHARS_MIN || text.len > DNS_HASH_CHARS_MAX)
        return ERR_FORMAT;
    TRY(base32_decode(text, bytes, &len));
    *out = (struct tree_hash){0};
    memcpy(out->text, text.ptr, text.len);
    return OK;
}

/* The next field "name=value", up to a blank. */
static enum err read_field(struct span *text, struct span name, struct span *value)
{
    if (!span_starts(*text, name))
        return ERR_FORMAT;
    *text = span_after(*text, name.len);
    *value = take_until(text, ' ');
    return OK;
}

static enum err read_number(struct span text, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.ptr[i] - '0';
        if (digit > 9 || *out > (UINT64_MAX - digit) / 10)
            return ERR_FORMAT;
        *out = *out * 10 + digit;
    }
    return text.len > 0 ? OK : ERR_FORMAT;
}

enum err tree_root_open(struct span text, const uint8_t key[ENR_KEY_BYTES], struct tree_root *out)
{
    struct span whole = text, value, sig;
    uint8_t hash[HASH_BYTES], bytes[SIG_BYTES + 1];
    size_t len;

    if (!span_starts(text, ROOT))
        return ERR_FORMAT;
    text = span_after(text, ROOT.len);
    TRY(read_field(&text, SPAN_LIT("e="), &value));
    TRY(read_hash(value, &out->enrs));
    TRY(read_field(&text, SPAN_LIT("l="), &value));
    TRY(read_hash(value, &out->links));
    TRY(read_field(&text, SPAN_LIT("seq="), &value));
    TRY(read_number(value, &out->seq));
    TRY(read_field(&text, SPAN_LIT("sig="), &sig));
    if (text.len > 0 || sig.len != BASE64_CHARS(SIG_BYTES) - 1)
        return ERR_FORMAT;
    TRY(base64url_decode(sig, bytes, &len));
    keccak256(span_sub(whole, 0, whole.len - sig.len - SIG.len), hash);
    return secp_verify_hash(span_of(key, ENR_KEY_BYTES), hash, bytes);
}

static enum err read_children(struct span text, struct tree_entry *out)
{
    while (text.len > 0) {
        if (out->count == DNS_CHILDREN_MAX)
            return ERR_LIMIT;
        TRY(read_hash(take_until(&text, ','), &out->children[out->count++]));
    }
    return OK; /* an empty list has one empty branch */
}

enum err tree_entry_open(struct span text, const struct tree_hash *name, struct tree_entry *out)
{
    uint8_t hash[HASH_BYTES], wanted[HASH_BYTES + 1];
    size_t len;

    TRY(base32_decode(span_str(name->text), wanted, &len));
    keccak256(text, hash);
    if (memcmp(hash, wanted, len) != 0)
        return ERR_AUTH;
    out->count = 0;
    if (span_starts(text, BRANCH)) {
        out->kind = TREE_BRANCH;
        return read_children(span_after(text, BRANCH.len), out);
    }
    if (span_starts(text, LINK)) {
        out->kind = TREE_LINK;
        return tree_url_parse(text, &out->link);
    }
    out->kind = TREE_ENR;
    return enr_parse(text, &out->enr);
}
