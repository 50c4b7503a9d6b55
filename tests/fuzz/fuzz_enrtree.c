/* Entries and roots of lists in DNS; and the walk, told the input as the answer to everything. */
#include "net/discovery/dns.h"

#include "crypto/prim/keccak.h"
#include "crypto/prim/secp.h"
#include "net/discovery/tree.h"
#include "net/wire/bases.h"
#include "tests/lib/testing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t secret[32] = {7};

/* The input is what the hash, or the signature, stands for: no fuzzer guesses those. */
static void open_entry(struct span text)
{
    static struct tree_entry e;
    struct tree_hash name = {{0}};
    uint8_t hash[32];

    keccak256(text, hash);
    base32_encode(span_of(hash, 16), name.text);
    if (tree_entry_open(text, &name, &e) == OK)
        assert(e.count <= DNS_CHILDREN_MAX);
}

static void open_root(struct span text)
{
    uint8_t key[33], hash[32], sig[65] = {0};
    char whole[700], encoded[BASE64_CHARS(65)];
    struct tree_root root;
    enum err err = secp_public(secret, key);

    if (text.len > 500)
        return;
    keccak256(text, hash);
    if (err == OK)
        err = secp_sign_hash(secret, hash, sig);
    assert(err == OK);
    base64url_encode(SPAN_ARRAY(sig), encoded);
    int n = snprintf(whole, sizeof whole, "%.*s sig=%s", (int)text.len, (const char *)text.ptr,
                     encoded);
    (void)!tree_root_open(span_of(whole, (size_t)n), key, &root);
}

static void walk(struct span text)
{
    struct test_env t;
    struct dns *d;
    struct dns_out out;

    test_env_init(&t, 1);
    if (dns_new(&d, &t.env) != OK)
        return;
    (void)!dns_add(d, &t.env, text);
    for (unsigned i = 0; i < 20; i++) {
        dns_tick(d, &t.env);
        while (dns_poll(d, &out))
            if (out.kind == DNS_OUT_LOOKUP)
                dns_answer(d, &t.env, out.query, OK, &text, 1);
        test_env_advance(&t, 600 * NS_PER_S);
    }
    dns_free(d);
    test_env_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct tree_url url;

    if (len > 4096)
        return 0;
    (void)!tree_url_parse(span_of(data, len), &url);
    open_entry(span_of(data, len));
    open_root(span_of(data, len));
    walk(span_of(data, len));
    return 0;
}
