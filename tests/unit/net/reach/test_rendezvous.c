/* A meeting point and its guests, who sign their own records. */
#include "net/reach/rendezvous.h"

#include "crypto/keyring/keyring.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

struct guest {
    struct keyring_host *key;
    struct peer_id id;
    struct buf record; /* an envelope */
};

struct house {
    struct test_env t;
    struct rendezvous_server *s;
    struct rendezvous_message *said;
    struct buf answer;
};

static void begin(struct house *h, const struct envelope_kind *kind)
{
    test_env_init(&h->t, 3);
    assert_ok(rendezvous_server_new(&h->s, &h->t.env, kind));
    h->said = calloc(1, sizeof *h->said);
    h->answer = BUF_INIT(RENDEZVOUS_ANSWER_BYTES);
}

static void end(struct house *h)
{
    rendezvous_server_free(h->s);
    free(h->said);
    buf_clear(&h->answer);
    test_env_clear(&h->t);
}

static void sign(struct guest *g, const struct envelope_kind *kind, uint64_t seq)
{
    struct buf record = BUF_INIT(1024), to_sign = BUF_INIT(2048);
    struct keyring_signature signature;
    struct multiaddr m;
    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/192.0.2.1/tcp/60000"), &m));
    buf_clear(&g->record);
    g->record = BUF_INIT(4096);
    assert_ok(envelope_record(kind, &g->id, seq, &m, 1, &record));
    assert_ok(envelope_to_sign_as(kind, buf_span(&record), &to_sign));
    assert_ok(keyring_host_sign(g->key, buf_span(&to_sign), &signature));
    assert_ok(envelope_encode_as(kind, keyring_host_public(g->key), buf_span(&record),
                                 span_of(signature.bytes, signature.len), &g->record));
    buf_clear(&record);
    buf_clear(&to_sign);
}

static struct guest guest(uint8_t who, const struct envelope_kind *kind)
{
    struct guest g = {.key = NULL};
    uint8_t secret[KEYRING_SECRET_BYTES] = {1, who};
    assert_ok(keyring_host_from_bytes(&g.key, KEYRING_HOST_SECP256K1, secret));
    peer_id_from_key(keyring_host_public(g.key), &g.id);
    sign(&g, kind, who);
    return g;
}

static void leave(struct guest *g)
{
    keyring_host_free(g->key);
    buf_clear(&g->record);
}

/* The status of the answer, which is in h->said; -1: there is none. */
static int ask(struct house *h, const struct peer_id *from, const struct rendezvous_message *m)
{
    struct buf request = BUF_INIT(RENDEZVOUS_ANSWER_BYTES);
    buf_reset(&h->answer);
    assert_ok(rendezvous_encode(m, &request));
    assert_ok(rendezvous_server_request(h->s, &h->t.env, from, buf_span(&request), &h->answer));
    buf_clear(&request);
    if (h->answer.len == 0)
        return -1;
    assert_ok(rendezvous_decode(buf_span(&h->answer), h->said));
    return (int)h->said->status;
}

static int put(struct house *h, const struct guest *g, struct span ns, int64_t ttl_s)
{
    struct rendezvous_message *m = calloc(1, sizeof *m);
    m->type = RENDEZVOUS_REGISTER;
    m->registration =
        (struct rendezvous_registration){ns, buf_span(&g->record), ttl_s >= 0, (uint64_t)ttl_s};
    int status = ask(h, &g->id, m);
    free(m);
    return status;
}

/* How many are found; *cookie goes on. */
static int look(struct house *h, const char *ns, uint64_t limit, struct buf *cookie)
{
    static const struct peer_id nobody = {.len = 2};
    struct rendezvous_message *m = calloc(1, sizeof *m);
    m->type = RENDEZVOUS_DISCOVER;
    m->has_ns = ns != NULL;
    m->ns = ns != NULL ? span_str(ns) : SPAN_EMPTY;
    m->has_limit = true;
    m->limit = limit;
    if (cookie != NULL)
        m->cookie = buf_span(cookie);
    int status = ask(h, &nobody, m);
    free(m);
    if (status != RENDEZVOUS_OK)
        return -status;
    if (cookie != NULL) {
        buf_reset(cookie);
        assert_ok(buf_append(cookie, h->said->cookie));
    }
    return (int)h->said->count;
}

static void who_registers_is_found_until_its_time_is_up(void **state)
{
    const struct envelope_kind *const kinds[] = {&envelope_peer_record, &envelope_waku};
    (void)state;
    for (int k = 0; k < 2; k++) {
        struct house h;
        begin(&h, kinds[k]);
        struct guest a = guest(1, kinds[k]), b = guest(2, kinds[k]);
        assert_int_equal(put(&h, &a, SPAN_LIT("rs/66/0"), 60), RENDEZVOUS_OK);
        assert_int_equal(h.said->registration.ttl_s, 60);
        assert_int_equal(put(&h, &b, SPAN_LIT("rs/66/0"), -1), RENDEZVOUS_OK);
        assert_int_equal(h.said->registration.ttl_s, RENDEZVOUS_TTL_S_GIVEN);
        assert_int_equal(put(&h, &b, SPAN_LIT("rs/66/1"), RENDEZVOUS_TTL_S_MAX), RENDEZVOUS_OK);
        assert_int_equal(h.said->registration.ttl_s, RENDEZVOUS_TTL_S_GIVEN);
        assert_int_equal(look(&h, "rs/66/0", 100, NULL), 2);
        assert_span_equal(h.said->registrations[0].record, buf_span(&a.record));
        struct peer_record r;
        assert_ok(envelope_open_record(kinds[k], h.said->registrations[1].record, &r));
        assert_true(peer_id_eq(&r.id, &b.id));
        assert_int_equal(look(&h, "rs/66/2", 100, NULL), 0);
        assert_int_equal(look(&h, NULL, 100, NULL), 3);
        test_env_advance(&h.t, 60 * NS_PER_S);
        assert_int_equal(look(&h, "rs/66/0", 100, NULL), 1);
        leave(&a);
        leave(&b);
        end(&h);
    }
}

static void only_ones_own_signed_record_is_taken(void **state)
{
    struct house h;
    (void)state;
    begin(&h, &envelope_peer_record);
    struct guest a = guest(1, &envelope_peer_record), b = guest(2, &envelope_peer_record),
                 waku = guest(3, &envelope_waku), thief = a;
    thief.id = b.id;
    assert_int_equal(put(&h, &thief, SPAN_LIT("x"), 60), RENDEZVOUS_INVALID_RECORD);
    assert_int_equal(put(&h, &waku, SPAN_LIT("x"), 60), RENDEZVOUS_INVALID_RECORD);
    for (size_t i = 0; i < a.record.len; i++) {
        a.record.ptr[i] ^= 1;
        assert_int_equal(put(&h, &a, SPAN_LIT("x"), 60), RENDEZVOUS_INVALID_RECORD);
        a.record.ptr[i] ^= 1;
    }
    assert_int_equal(put(&h, &a, SPAN_LIT("x"), 60), RENDEZVOUS_OK);
    leave(&a);
    leave(&b);
    leave(&waku);
    end(&h);
}

static void namespaces_and_times_have_bounds(void **state)
{
    static char ns[RENDEZVOUS_NAMESPACE_MAX + 1];
    struct house h;
    (void)state;
    begin(&h, &envelope_peer_record);
    struct guest a = guest(1, &envelope_peer_record);
    memset(ns, 'n', sizeof ns);
    assert_int_equal(put(&h, &a, SPAN_EMPTY, 60), RENDEZVOUS_INVALID_NAMESPACE);
    assert_int_equal(put(&h, &a, span_of(ns, sizeof ns), 60), RENDEZVOUS_INVALID_NAMESPACE);
    assert_int_equal(put(&h, &a, span_of(ns, sizeof ns - 1), 60), RENDEZVOUS_OK);
    assert_int_equal(put(&h, &a, SPAN_LIT("x"), RENDEZVOUS_TTL_S_MIN - 1), RENDEZVOUS_INVALID_TTL);
    assert_int_equal(put(&h, &a, SPAN_LIT("x"), RENDEZVOUS_TTL_S_MAX + 1), RENDEZVOUS_INVALID_TTL);
    assert_int_equal(put(&h, &a, SPAN_LIT("x"), RENDEZVOUS_TTL_S_MIN), RENDEZVOUS_OK);
    leave(&a);
    end(&h);
}

static void a_cookie_shows_only_what_is_new(void **state)
{
    struct house h;
    struct buf cookie = BUF_INIT(64), forged = BUF_INIT(64);
    struct guest g[7];
    (void)state;
    begin(&h, &envelope_peer_record);
    for (uint8_t i = 0; i < 7; i++)
        g[i] = guest((uint8_t)(i + 1), &envelope_peer_record);
    for (uint8_t i = 0; i < 5; i++)
        assert_int_equal(put(&h, &g[i], SPAN_LIT("x"), 600), RENDEZVOUS_OK);
    assert_int_equal(look(&h, "x", 2, &cookie), 2); /* pages */
    assert_int_equal(look(&h, "x", 2, &cookie), 2);
    assert_int_equal(look(&h, "x", 2, &cookie), 1);
    assert_int_equal(look(&h, "x", 2, &cookie), 0);
    assert_int_equal(put(&h, &g[0], SPAN_LIT("x"), 600), RENDEZVOUS_OK); /* the same once more */
    assert_int_equal(look(&h, "x", 9, &cookie), 0);
    assert_int_equal(put(&h, &g[5], SPAN_LIT("x"), 600), RENDEZVOUS_OK);
    sign(&g[1], &envelope_peer_record, 99);
    assert_int_equal(put(&h, &g[1], SPAN_LIT("x"), 600), RENDEZVOUS_OK); /* it moved */
    assert_int_equal(look(&h, "x", 9, &cookie), 2);
    assert_int_equal(look(&h, "x", 0, NULL), 0);
    assert_ok(buf_append(&forged, buf_span(&cookie)));
    forged.ptr[7] ^= 1;
    assert_int_equal(look(&h, "x", 9, &forged), -RENDEZVOUS_INVALID_COOKIE);
    buf_truncate(&forged, 5);
    assert_int_equal(look(&h, "x", 9, &forged), -RENDEZVOUS_INVALID_COOKIE);
    for (uint8_t i = 0; i < 7; i++)
        leave(&g[i]);
    buf_clear(&cookie);
    buf_clear(&forged);
    end(&h);
}

static void unregistering_has_no_answer_and_is_for_oneself(void **state)
{
    struct house h;
    struct rendezvous_message *m = calloc(1, sizeof *m);
    (void)state;
    begin(&h, &envelope_peer_record);
    struct guest a = guest(1, &envelope_peer_record), b = guest(2, &envelope_peer_record);
    assert_int_equal(put(&h, &a, SPAN_LIT("x"), 600), RENDEZVOUS_OK);
    m->type = RENDEZVOUS_UNREGISTER;
    m->registration.ns = SPAN_LIT("x");
    assert_int_equal(ask(&h, &b.id, m), -1);
    assert_int_equal(look(&h, "x", 9, NULL), 1);
    assert_int_equal(ask(&h, &a.id, m), -1);
    assert_int_equal(look(&h, "x", 9, NULL), 0);
    m->type = RENDEZVOUS_REGISTER_RESPONSE; /* no request */
    struct buf request = BUF_INIT(64);
    assert_ok(rendezvous_encode(m, &request));
    assert_err(rendezvous_server_request(h.s, &h.t.env, &a.id, buf_span(&request), &h.answer),
               ERR_FORMAT);
    buf_clear(&request);
    free(m);
    leave(&a);
    leave(&b);
    end(&h);
}

/* One peer fills its share; many who hold much make room for one who holds nothing. */
static void the_house_is_shared(void **state)
{
    struct house h;
    char ns[32];
    unsigned taken = 0;
    struct guest g[40];
    (void)state;
    begin(&h, &envelope_peer_record);
    for (uint8_t i = 0; i < 40; i++)
        g[i] = guest((uint8_t)(i + 1), &envelope_peer_record);
    for (unsigned i = 0; i < 2 * RENDEZVOUS_PEER_MAX; i++) {
        snprintf(ns, sizeof ns, "n%u", i);
        int status = put(&h, &g[0], span_str(ns), 600);
        taken += status == RENDEZVOUS_OK;
        assert_true(status == RENDEZVOUS_OK || status == RENDEZVOUS_NOT_AUTHORIZED);
    }
    assert_int_equal(taken, RENDEZVOUS_PEER_MAX);
    for (uint8_t who = 1; who < 39; who++)
        for (unsigned i = 0; i < RENDEZVOUS_PEER_MAX; i++) {
            snprintf(ns, sizeof ns, "n%u", i);
            (void)put(&h, &g[who], span_str(ns), 600);
        }
    assert_int_equal(rendezvous_server_counters(h.s)->registered, RENDEZVOUS_MAX);
    assert_int_equal(put(&h, &g[39], SPAN_LIT("mine"), 600), RENDEZVOUS_OK);
    assert_int_equal(rendezvous_server_counters(h.s)->registered, RENDEZVOUS_MAX);
    assert_int_equal(look(&h, "mine", 9, NULL), 1);
    for (uint8_t i = 0; i < 40; i++)
        leave(&g[i]);
    end(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_registers_is_found_until_its_time_is_up),
        cmocka_unit_test(only_ones_own_signed_record_is_taken),
        cmocka_unit_test(namespaces_and_times_have_bounds),
        cmocka_unit_test(a_cookie_shows_only_what_is_new),
        cmocka_unit_test(unregistering_has_no_answer_and_is_for_oneself),
        cmocka_unit_test(the_house_is_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
