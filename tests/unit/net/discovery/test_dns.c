/* Lists in DNS: the example of EIP-1459, and lists that this test signs itself. */
#include "net/discovery/dns.h"

#include "crypto/keyring/keyring.h"
#include "crypto/prim/keccak.h"
#include "net/discovery/record.h"
#include "net/discovery/tree.h"
#include "net/wire/bases.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

/* ---- a zone ---- */

#define ZONE_MAX 4096u
#define TEXT_MAX 4096u

struct zone {
    struct test_env t;
    struct dns *d;
    char *names[ZONE_MAX], *texts[ZONE_MAX];
    size_t count;
    char asked[ZONE_MAX][80];
    size_t asked_count, found, waiting_max;
    uint8_t last_found[32];
    uint64_t waiting[64];
    size_t waiting_count;
    bool hold; /* do not answer */
};

static void zone_init(struct zone *z)
{
    *z = (struct zone){0};
    test_env_init(&z->t, 1);
    assert_ok(dns_new(&z->d, &z->t.env));
}

static void zone_clear(struct zone *z)
{
    dns_free(z->d);
    for (size_t i = 0; i < z->count; i++) {
        free(z->names[i]);
        free(z->texts[i]);
    }
    test_env_clear(&z->t);
    free(z);
}

/* The text at a name; an earlier one is replaced. */
static void put(struct zone *z, const char *name, const char *text)
{
    size_t i = 0;
    while (i < z->count && strcmp(z->names[i], name) != 0)
        i++;
    if (i < z->count) {
        free(z->texts[i]);
        free(z->names[i]);
    } else {
        z->count++;
    }
    assert_true(z->count < ZONE_MAX);
    z->names[i] = strdup(name);
    z->texts[i] = strdup(text);
}

/* An entry under its hash; the hash. */
static const char *entry(struct zone *z, const char *domain, const char *text)
{
    static char hashes[8][32];
    static unsigned next;
    uint8_t hash[32];
    char name[300], *out = hashes[next++ % 8];
    keccak256(span_str(text), hash);
    base32_encode(span_of(hash, 16), out);
    for (char *c = out; *c != '\0'; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    snprintf(name, sizeof name, "%s.%s", out, domain);
    put(z, name, text);
    return out;
}

static struct keyring_host *make_key(struct zone *z)
{
    struct keyring_host *h;
    assert_ok(keyring_host_new(&h, &z->t.rng, KEYRING_HOST_SECP256K1));
    return h;
}

static void url_of(const struct keyring_host *key, const char *domain, char out[400])
{
    char text[80];
    base32_encode(keyring_host_raw_public(key), text);
    snprintf(out, 400, "enrtree://%s@%s", text, domain);
}

static void root(struct zone *z, const struct keyring_host *key, const char *domain,
                 const char *enrs, const char *links, uint64_t seq)
{
    char text[400], sig[BASE64_CHARS(65)];
    uint8_t hash[32], raw[65] = {0};
    int len = snprintf(text, sizeof text, "enrtree-root:v1 e=%s l=%s seq=%llu", enrs, links,
                       (unsigned long long)seq);
    keccak256(span_of(text, (size_t)len), hash);
    assert_ok(keyring_host_sign_hash(key, hash, raw));
    base64url_encode(SPAN_ARRAY(raw), sig);
    snprintf(text + len, sizeof text - (size_t)len, " sig=%s", sig);
    put(z, domain, text);
}

/* A record of a fresh key. */
static const char *record(struct zone *z)
{
    static char text[ENR_TEXT_MAX];
    struct keyring_host *h = make_key(z);
    struct enr_content c = {.seq = 1, .offers = ENR_RELAY};
    struct enr e;
    assert_ok(record_sign(h, &c, &e));
    enr_text(&e, text);
    keyring_host_free(h);
    return text;
}

static void answer_one(struct zone *z, uint64_t query, const char *name)
{
    struct span texts[2] = {SPAN_LIT("v=spf1 -all")};
    for (size_t i = 0; i < z->count; i++)
        if (strcmp(z->names[i], name) == 0) {
            texts[1] = span_str(z->texts[i]);
            dns_answer(z->d, &z->t.env, query, OK, texts, 2);
            return;
        }
    dns_answer(z->d, &z->t.env, query, ERR_NOT_FOUND, NULL, 0);
}

static void run(struct zone *z, int64_t ns)
{
    struct mono end = mono_add(z->t.env.now, ns);
    struct dns_out out;
    while (z->t.env.now.ns <= end.ns) {
        if (dns_deadline(z->d).ns <= z->t.env.now.ns)
            dns_tick(z->d, &z->t.env);
        while (dns_poll(z->d, &out)) {
            if (out.kind == DNS_OUT_FOUND) {
                z->found++;
                memcpy(z->last_found, out.enr->node_id, 32);
                continue;
            }
            snprintf(z->asked[z->asked_count++ % ZONE_MAX], 80, "%.79s", out.name);
            if (z->hold) {
                z->waiting_count++;
                continue;
            }
            char name[300];
            snprintf(name, sizeof name, "%s", out.name);
            answer_one(z, out.query, name);
        }
        test_env_advance(&z->t, NS_PER_S);
    }
}

/* ---- entries ---- */

#define EIP_URL "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@nodes.example.org"

static void the_list_of_eip_1459(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"C7HRFPF3BLGF3YR4DY5KX3SMBE", "enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5F"
                                       "DPRT2@morenodes.example.org"},
        {"JWXYDBPXYWG6FX3GMDIBFA6CJ4",
         "enrtree-branch:2XS2367YHAXJFGLZHVAWLQD4ZY,H4FHT4B454P6UXFD7JCYQ5PWDY,"
         "MHTDO6TMUBRIA2XWG5LUDACK24"},
        {"2XS2367YHAXJFGLZHVAWLQD4ZY",
         "enr:-HW4QOFzoVLaFJnNhbgMoDXPnOvcdVuj7pDpqRvh6BRDO68aVi5ZcjB3vzQRZH2IcLBGHzo8uUN3snqmgTiE5"
         "6CH3AMBgmlkgnY0iXNlY3AyNTZrMaECC2_24YYkYHEgdzxlSNKQEnHhuNAbNlMlWJxrJxbAFvA"},
        {"H4FHT4B454P6UXFD7JCYQ5PWDY",
         "enr:-HW4QAggRauloj2SDLtIHN1XBkvhFZ1vtf1raYQp9TBW2RD5EEawDzbtSmlXUfnaHcvwOizhVYLtr7e6vw7NA"
         "f6mTuoCgmlkgnY0iXNlY3AyNTZrMaECjrXI8TLNXU0f8cthpAMxEshUyQlK-AM0PW2wfrnacNI"},
        {"MHTDO6TMUBRIA2XWG5LUDACK24",
         "enr:-HW4QLAYqmrwllBEnzWWs7I5Ev2IAs7x_dZlbYdRdMUx5EyKHDXp7AV5CkuPGUPdvbv1_Ms1CPfhcGCvSElSo"
         "sZmyoqAgmlkgnY0iXNlY3AyNTZrMaECriawHKWdDRk2xeZkrOXBQ0dfMFLHY4eENZwdufn1S1o"},
    };
    struct zone *z = malloc(sizeof *z);
    char name[100];
    zone_init(z);
    for (size_t i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "%s.nodes.example.org", rows[i][0]);
        put(z, name, rows[i][1]);
        assert_string_equal(entry(z, "nodes.example.org", rows[i][1]), rows[i][0]);
    }
    put(z, "nodes.example.org",
        "enrtree-root:v1 e=JWXYDBPXYWG6FX3GMDIBFA6CJ4 l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=1 "
        "sig=o908WmNp7LibOfPsr4btQwatZJ5URBr2ZAuxvK4UWHlsB9sUOTJQaGAlLPVAhM__"
        "XJesCHxLISo94z5Z2a463gA");
    assert_ok(dns_add(z->d, &z->t.env, SPAN_LIT(EIP_URL)));
    run(z, NS_PER_S);
    assert_int_equal(z->found, 3);
    assert_int_equal(dns_counters(z->d)->forged, 0);
    assert_string_equal(z->asked[z->asked_count - 1], "morenodes.example.org"); /* the link */
    zone_clear(z);
}

static void urls_are_read_strictly(void **state)
{
    (void)state;
    struct tree_url u;
    static const char *const bad[] = {
        "",
        "enrtree://",
        "enr:-x",
        "enrtree://AKPYQIUQ@nodes.example.org",
        "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@",
        "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@a b",
        "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@a..b",
        "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@.b",
        "enrtree://AAAAQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@a.b"}; /* no point */
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (tree_url_parse(span_str(bad[i]), &u) == OK)
            fail_msg("%s", bad[i]);
    assert_ok(tree_url_parse(SPAN_LIT(EIP_URL), &u));
    assert_string_equal(u.domain, "nodes.example.org");
}

/* ---- walks ---- */

/* A list with so many records under two levels of branches. */
static void make_list(struct zone *z, const struct keyring_host *key, const char *domain,
                      size_t records, const char *link, uint64_t seq)
{
    char top[TEXT_MAX] = "enrtree-branch:", branch[TEXT_MAX], links[TEXT_MAX] = "enrtree-branch:";
    for (size_t done = 0; done < records;) {
        snprintf(branch, sizeof branch, "enrtree-branch:");
        for (size_t i = 0; i < 13 && done < records; i++, done++)
            snprintf(branch + strlen(branch), sizeof branch - strlen(branch), "%s%s",
                     i > 0 ? "," : "", entry(z, domain, record(z)));
        snprintf(top + strlen(top), sizeof top - strlen(top), "%s%s",
                 top[strlen(top) - 1] == ':' ? "" : ",", entry(z, domain, branch));
    }
    if (link != NULL)
        strcat(links, entry(z, domain, link));
    char enrs[40];
    snprintf(enrs, sizeof enrs, "%s", entry(z, domain, top));
    root(z, key, domain, enrs, entry(z, domain, links), seq);
}

static void a_list_and_its_links_are_walked_once(void **state)
{
    (void)state;
    struct zone *z = malloc(sizeof *z);
    char url_a[400], url_b[400];
    zone_init(z);
    struct keyring_host *a = make_key(z), *b = make_key(z);
    url_of(a, "a.test", url_a);
    url_of(b, "b.test", url_b);
    make_list(z, a, "a.test", 30, url_b, 1);
    make_list(z, b, "b.test", 5, url_a, 7); /* they link to each other */
    assert_ok(dns_add(z->d, &z->t.env, span_str(url_a)));
    run(z, 5 * NS_PER_S);
    assert_int_equal(z->found, 35);
    assert_int_equal(dns_counters(z->d)->failures, 0);
    size_t asked = z->asked_count;
    run(z, 29 * 60 * NS_PER_S);
    assert_int_equal(z->asked_count, asked);
    run(z, 2 * 60 * NS_PER_S); /* the roots again, and nothing else: their seq is the same */
    assert_int_equal(z->asked_count, asked + 2);
    make_list(z, b, "b.test", 6, NULL, 8);
    run(z, 31 * 60 * NS_PER_S);
    assert_int_equal(z->found, 41);
    keyring_host_free(a);
    keyring_host_free(b);
    zone_clear(z);
}

static void a_forged_list_gives_nothing(void **state)
{
    (void)state;
    struct zone *z = malloc(sizeof *z);
    char url[400], name[100];
    zone_init(z);
    struct keyring_host *a = make_key(z), *mallory = make_key(z);
    url_of(a, "a.test", url);
    make_list(z, mallory, "a.test", 3, NULL, 1);
    assert_ok(dns_add(z->d, &z->t.env, span_str(url)));
    run(z, 2 * NS_PER_S);
    assert_int_equal(z->found, 0);
    assert_int_equal(dns_counters(z->d)->forged, 1);
    /* signed by the right key, but an entry was exchanged */
    char evil[ENR_TEXT_MAX], good[ENR_TEXT_MAX];
    snprintf(evil, sizeof evil, "%s", record(z));
    snprintf(good, sizeof good, "%s", record(z));
    const char *hash = entry(z, "a.test", good);
    snprintf(name, sizeof name, "%s.a.test", hash);
    root(z, a, "a.test", hash, entry(z, "a.test", "enrtree-branch:"), 5);
    put(z, name, evil);
    run(z, 30 * NS_PER_S);
    assert_int_equal(z->found, 0);
    assert_true(dns_counters(z->d)->forged >= 2);
    put(z, name, good); /* mended: it is tried again, sooner than in half an hour */
    run(z, 10 * 60 * NS_PER_S);
    assert_int_equal(z->found, 1);
    /* an older root, played again */
    uint64_t forged = dns_counters(z->d)->forged;
    make_list(z, a, "a.test", 3, NULL, 4);
    run(z, 31 * 60 * NS_PER_S);
    assert_int_equal(z->found, 1);
    assert_true(dns_counters(z->d)->forged > forged);
    keyring_host_free(a);
    keyring_host_free(mallory);
    zone_clear(z);
}

static void each_kind_has_its_place(void **state)
{
    (void)state;
    struct zone *z = malloc(sizeof *z);
    char url[400], other[400], enrs[40], links[40];
    zone_init(z);
    struct keyring_host *a = make_key(z);
    url_of(a, "a.test", url);
    url_of(a, "b.test", other);
    snprintf(links, sizeof links, "%s", entry(z, "a.test", record(z))); /* a node as a link */
    snprintf(enrs, sizeof enrs, "%s", entry(z, "a.test", other));       /* a link as a node */
    root(z, a, "a.test", enrs, links, 1);
    assert_ok(dns_add(z->d, &z->t.env, span_str(url)));
    run(z, NS_PER_S);
    assert_int_equal(z->found, 0);
    assert_int_equal(z->asked_count, 3); /* root and two entries; nothing at b.test */
    keyring_host_free(a);
    zone_clear(z);
}

static void bounds_hold(void **state)
{
    (void)state;
    struct zone *z = malloc(sizeof *z);
    char url[400], text[TEXT_MAX], hash[40];
    zone_init(z);
    struct keyring_host *a = make_key(z);
    url_of(a, "a.test", url);
    /* a chain of branches: DNS_DEPTH_MAX are read, one more is not */
    for (unsigned depth = DNS_DEPTH_MAX - 1; depth <= DNS_DEPTH_MAX; depth++) {
        snprintf(hash, sizeof hash, "%s", entry(z, "a.test", record(z)));
        for (unsigned i = 0; i < depth; i++) {
            snprintf(text, sizeof text, "enrtree-branch:%s", hash);
            snprintf(hash, sizeof hash, "%s", entry(z, "a.test", text));
        }
        root(z, a, "a.test", hash, entry(z, "a.test", "enrtree-branch:"), depth);
        if (depth == DNS_DEPTH_MAX - 1)
            assert_ok(dns_add(z->d, &z->t.env, span_str(url)));
        run(z, 32 * 60 * NS_PER_S);
        assert_int_equal(z->found, 1);
        assert_int_equal(dns_counters(z->d)->limited, depth == DNS_DEPTH_MAX);
    }
    /* as many children as there may be, and one more */
    for (unsigned more = 0; more < 2; more++) {
        size_t found = z->found;
        snprintf(text, sizeof text, "enrtree-branch:");
        for (unsigned i = 0; i < DNS_CHILDREN_MAX + more; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 0 ? "," : "",
                     entry(z, "a.test", record(z)));
        snprintf(hash, sizeof hash, "%s", entry(z, "a.test", text));
        root(z, a, "a.test", hash, entry(z, "a.test", "enrtree-branch:"), 100 + more);
        run(z, 32 * 60 * NS_PER_S);
        assert_int_equal(z->found - found, more == 0 ? DNS_CHILDREN_MAX : 0);
    }
    /* lists */
    for (unsigned i = 1; i <= DNS_LISTS_MAX; i++) {
        char domain[20];
        snprintf(domain, sizeof domain, "l%u.test", i);
        url_of(a, domain, url);
        assert_err(dns_add(z->d, &z->t.env, span_str(url)), i < DNS_LISTS_MAX ? OK : ERR_FULL);
    }
    keyring_host_free(a);
    zone_clear(z);
}

static void few_questions_wait_at_a_time(void **state)
{
    (void)state;
    struct zone *z = malloc(sizeof *z);
    char url[400];
    zone_init(z);
    struct keyring_host *a = make_key(z);
    z->hold = true;
    for (unsigned i = 0; i < DNS_LISTS_MAX; i++) {
        char domain[20];
        snprintf(domain, sizeof domain, "l%u.test", i);
        url_of(a, domain, url);
        assert_ok(dns_add(z->d, &z->t.env, span_str(url)));
    }
    run(z, 60 * NS_PER_S);
    assert_int_equal(z->waiting_count, DNS_LOOKUPS_MAX);
    dns_answer(z->d, &z->t.env, 2, OK, NULL, 0);   /* never asked */
    dns_answer(z->d, &z->t.env, 999, OK, NULL, 0); /* neither */
    keyring_host_free(a);
    zone_clear(z);
}

static void a_silent_server_is_asked_ever_less(void **state)
{
    (void)state;
    struct zone *z = malloc(sizeof *z);
    char url[400];
    zone_init(z);
    struct keyring_host *a = make_key(z);
    url_of(a, "nowhere.test", url);
    assert_ok(dns_add(z->d, &z->t.env, span_str(url)));
    run(z, 24 * 3600 * NS_PER_S);
    assert_in_range(z->asked_count, 48, 60); /* 10 s, 20 s, ... then every half hour */
    keyring_host_free(a);
    zone_clear(z);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_of_eip_1459),
        cmocka_unit_test(urls_are_read_strictly),
        cmocka_unit_test(a_list_and_its_links_are_walked_once),
        cmocka_unit_test(a_forged_list_gives_nothing),
        cmocka_unit_test(each_kind_has_its_place),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(few_questions_wait_at_a_time),
        cmocka_unit_test(a_silent_server_is_asked_ever_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
