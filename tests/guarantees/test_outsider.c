/* Promise: nothing about members, sender or conversation computes from payloads and all public
 * cards together, beyond the intro row: holders of the same card see that an intro arrives (CHAT.md
 * 0). Here: an outsider who has everybody's open card and all that was published in some busy time.
 * He opens what the cards open, so he has everybody's log, prekeys and key packages too; then he
 * tries every value of these as a key of every payload, as an address, as a secret to decapsulate
 * with, looks for each of them in every payload, and for anything that two payloads share.
 *
 * Fails without its mechanism: the same payloads with a device's key beside the content, sealed
 * under a value that is public, or with a check that is always the same in a conversation, are seen
 * by the same outsider, here. */
#include "crypto/hpke/hpke.h"
#include "tests/lib/busy_hour.h"

#define PEOPLE     4u
#define VALUES_MAX 4096u
#define WINDOW     12u /* bytes of a value that are looked for, */
#define WINDOWS    6u  /* at so many places of it */

struct value {
    uint8_t bytes[32];
    unsigned owner; /* whose it is */
};

struct outsider {
    struct card cards[PEOPLE];
    struct value values[VALUES_MAX];
    size_t values_count;
    uint32_t starts[65536]; /* the newest window that begins so, by number from 1 */
    uint32_t next[VALUES_MAX * WINDOWS];
};

static void learn(struct outsider *o, unsigned owner, struct span bytes)
{
    struct value v = {.owner = owner};
    for (size_t at = 0; at < bytes.len && o->values_count < VALUES_MAX; at += 32) {
        memset(v.bytes, 0, sizeof v.bytes);
        memcpy(v.bytes, bytes.ptr + at, bytes.len - at < 32 ? bytes.len - at : 32);
        size_t i = 0;
        while (i < o->values_count && memcmp(o->values[i].bytes, v.bytes, 32) != 0)
            i++;
        if (i == o->values_count)
            o->values[o->values_count++] = v;
    }
}

/* Everything in a log and a part that is long enough to be a key or a name. */
static void learn_bundle(struct outsider *o, unsigned owner, struct span body)
{
    struct bundle b;
    struct part p;
    struct identity_log *log;
    assert_ok(bundle_decode(body, &b));
    assert_ok(identity_log_read(b.log, &log));
    const struct identity *now = identity_log_now(log);
    learn(o, owner, SPAN_ARRAY(now->account));
    learn(o, owner, SPAN_ARRAY(now->root));
    learn(o, owner, SPAN_ARRAY(now->next_root));
    learn(o, owner, SPAN_ARRAY(now->recovery));
    learn(o, owner, SPAN_ARRAY(now->head));
    for (size_t i = 0; i < now->installations.count; i++)
        learn(o, owner, SPAN_ARRAY(now->installations.list[i].key));
    for (size_t i = 0; i < b.count; i++) {
        uint8_t id[PREKEY_ID_BYTES];
        assert_ok(part_decode(b.parts[i], &p));
        prekey_id(p.prekey, id);
        learn(o, owner, SPAN_ARRAY(id));
        learn(o, owner, SPAN_ARRAY(p.prekey));
        learn(o, owner, SPAN_ARRAY(p.head));
        learn(o, owner, SPAN_ARRAY(p.signature));
        learn(o, owner, span_of(p.key_package.ptr + p.key_package.len - 64, 64));
    }
    identity_log_free(log);
}

/* With which open card, or PEOPLE: none. */
static unsigned opens(const struct outsider *o, uint32_t day, struct span envelope,
                      struct buf *keep, struct intro *out)
{
    for (unsigned i = 0; i < PEOPLE; i++)
        for (uint32_t back = 0; back < 3; back++)
            if (intro_open(&o->cards[i], day + 1 - back, envelope, keep, out) == OK)
                return i;
    return PEOPLE;
}

/* ---- what he finds ---- */

struct finds {
    size_t bundles, invites;  /* by the cards: the intro row */
    size_t keys, named, same; /* payloads under a public value, that hold one, that share bytes */
    size_t decapsulated, senders;
};

static const uint8_t *window(const struct outsider *o, uint32_t number)
{
    return o->values[(number - 1) / WINDOWS].bytes + (number - 1) % WINDOWS * 4;
}

static void index_values(struct outsider *o)
{
    static const uint8_t zeros[WINDOW];
    memset(o->starts, 0, sizeof o->starts);
    for (uint32_t n = 1; n <= o->values_count * WINDOWS; n++) {
        const uint8_t *at = window(o, n);
        uint32_t *start = &o->starts[at[0] << 8 | at[1]];
        if (memcmp(at, zeros, WINDOW) == 0)
            continue;
        o->next[n - 1] = *start;
        *start = n;
    }
}

/* How often a value of somebody else than `but` stands in there. */
static size_t holds(const struct outsider *o, struct span in, unsigned but)
{
    size_t found = 0;
    for (size_t i = 0; i + WINDOW <= in.len; i++)
        for (uint32_t n = o->starts[in.ptr[i] << 8 | in.ptr[i + 1]]; n != 0; n = o->next[n - 1])
            found += o->values[(n - 1) / WINDOWS].owner != but &&
                     memcmp(in.ptr + i, window(o, n), WINDOW) == 0;
    return found;
}

/* Values as keys of the envelope: its check first, as a receiver does. */
static bool is_under(const struct outsider *o, struct span topic, struct span envelope)
{
    struct buf content = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct envelope_keys keys;
    bool yes = false;
    for (size_t i = 0; i < o->values_count && !yes; i++) {
        memcpy(keys.header, o->values[i].bytes, 32);
        memcpy(keys.body, o->values[i].bytes, 32);
        yes = envelope_matches(envelope, keys.header) ||
              (i < 64 && envelope_open(&keys, topic, envelope, &content) == OK);
    }
    buf_clear(&content);
    return yes;
}

/* Does the invite name anybody but whom it is for? Can it be opened with what is public? */
static void look_into(const struct outsider *o, unsigned for_whom, struct span body,
                      struct finds *f)
{
    const struct hpke_suite s = {&hpke_xwing, &hash_sha256, &aead_chacha20poly1305};
    struct invite_sealed sealed;
    uint8_t key[32], ad[48];
    assert_ok(invite_decode(body, &sealed));
    f->senders += holds(o, body, for_whom);
    memcpy(ad, o->cards[for_whom].account, 32);
    memcpy(ad + 32, sealed.recipients[0].prekey_id, 16);
    for (size_t i = 0; i < o->values_count; i += 1 + o->values_count / 32)
        f->decapsulated += hpke_open(&s, sealed.recipients[0].enc, SPAN_ARRAY(o->values[i].bytes),
                                     SPAN_EMPTY, SPAN_LIT("sotto/1/intro/seal"), SPAN_ARRAY(ad),
                                     sealed.recipients[0].key, key) == OK;
}

struct seen { /* published, as the network has it */
    struct span topic, payload;
};

static int by_bytes(const void *a, const void *b)
{
    return memcmp(*(const uint8_t *const *)a, *(const uint8_t *const *)b, 8);
}

/* Payloads that share 8 bytes, or their check, at one of the first offsets. */
static size_t share(const struct seen *list, size_t count)
{
    size_t same = 0;
    const uint8_t **at = calloc(count, sizeof *at);
    assert_non_null(at);
    for (size_t offset = 1; offset < 64; offset++) {
        for (size_t i = 0; i < count; i++)
            at[i] = list[i].payload.ptr + offset;
        qsort(at, count, sizeof *at, by_bytes);
        for (size_t i = 1; i < count; i++)
            same += memcmp(at[i - 1], at[i], 8) == 0 ||
                    (offset == 13 && memcmp(at[i - 1], at[i], 4) == 0);
    }
    free(at);
    return same;
}

static struct finds look(struct outsider *o, uint32_t day, const struct seen *list, size_t count)
{
    struct finds f = {.same = share(list, count)};
    struct buf keep = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct intro intro;
    for (int pass = 0; pass < 2; pass++) {
        index_values(o);
        for (size_t i = 0; i < count; i++) {
            unsigned who = opens(o, day, list[i].payload, &keep, &intro);
            bool bundle = who < PEOPLE && intro_body_type(intro.body) == INTRO_BUNDLE;
            if (pass == 0 && bundle)
                learn_bundle(o, who, intro.body);
            if (pass == 0)
                continue;
            f.bundles += bundle;
            f.invites += who < PEOPLE && !bundle;
            if (who < PEOPLE && !bundle)
                look_into(o, who, intro.body, &f);
            f.keys += is_under(o, list[i].topic, list[i].payload);
            f.named += holds(o, list[i].payload, PEOPLE);
        }
    }
    buf_clear(&keep);
    return f;
}

/* ---- without the mechanism ---- */

enum mutant {
    AS_IT_IS,
    NAMED,
    PUBLIC_KEY,
    SAME_CHECK,
    MUTANTS
};

/* The last payload of a conversation as it would be then. */
static void break_one(struct world *w, enum mutant m, struct world_message *a,
                      struct world_message *b)
{
    const uint8_t *device = w->people[1].chat->self.installation;
    struct buf out = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct envelope_keys keys;
    memcpy(keys.header, device, 32);
    memcpy(keys.body, device, 32);
    if (m == NAMED)
        memcpy(a->payload + 100, device, 16);
    if (m == SAME_CHECK)
        memcpy(a->payload + 13, b->payload + 13, 4);
    if (m == PUBLIC_KEY) {
        assert_ok(envelope_seal(&keys, &w->t.rng, span_str(a->topic), SPAN_LIT("words"), &out));
        memcpy(a->payload, out.ptr, out.len);
        a->len = out.len;
    }
    buf_clear(&out);
}

static void payloads_and_cards_tell_no_more_than_that_an_intro_came(void **state)
{
    (void)state;
    struct hour *h = calloc(1, sizeof *h);
    struct outsider *o = calloc(1, sizeof *o);
    size_t intros = 0, count;
    struct world_message *last = NULL, *before = NULL;
    assert_true(h != NULL && o != NULL);
    assert_non_null(h->sums[HOUR_TRUE] = calloc(1, sizeof *h->sums[0]));
    h->wanted = 150;
    h->classes = 2;
    const char *more = getenv("SEED");
    hour_meet(h, 41 + (more != NULL ? strtoull(more, NULL, 10) : 0), PEOPLE, PEOPLE);
    hour_talk(h, 1500);
    for (unsigned i = 0; i < PEOPLE; i++)
        memcpy(o->cards[i].account, h->w.people[i].chat->self.account, 32);
    count = h->w.messages_count;
    for (size_t i = 0; i < count; i++) {
        struct world_message *m = &h->w.messages[i];
        intros += m->topic[9] == 'i';
        if (m->topic[9] == 'b' && m->len == ENVELOPE_BYTES_MIN) {
            before = last;
            last = m;
        }
    }
    assert_true(before != NULL);
    uint8_t saved[ENVELOPE_BYTES_MIN];
    memcpy(saved, last->payload, sizeof saved);
    struct seen *list = calloc(count, sizeof *list);
    assert_non_null(list);
    for (enum mutant m = AS_IT_IS; m < MUTANTS; m++) {
        memcpy(last->payload, saved, sizeof saved);
        break_one(&h->w, m, last, before);
        for (size_t i = 0; i < count; i++)
            list[i] = (struct seen){span_str(h->w.messages[i].topic),
                                    span_of(h->w.messages[i].payload, h->w.messages[i].len)};
        struct finds f =
            look(o, (uint32_t)(h->w.t.env.wall.ns / NS_PER_S / INTRO_DAY_S), list, count);
        print_message("%zu payloads, %zu of first contact, %zu public values: the cards open %zu "
                      "bundles, %zu invites; else %zu under a key, %zu named, %zu alike, %zu "
                      "decapsulated, %zu senders\n",
                      count, intros, o->values_count, f.bundles, f.invites, f.keys, f.named, f.same,
                      f.decapsulated, f.senders);
        assert_true(f.bundles >= PEOPLE && f.invites >= 1); /* he can open, so he would see */
        assert_true(f.bundles + f.invites <= intros);
        assert_int_equal(f.decapsulated + f.senders, 0);
        assert_int_equal(f.keys > 0, m == PUBLIC_KEY);
        assert_int_equal(f.named > 0, m == NAMED);
        assert_int_equal(f.same > 0, m == SAME_CHECK);
    }
    hour_sums_clear(h->sums[HOUR_TRUE], true);
    free(h->sums[HOUR_TRUE]);
    world_clear(&h->w);
    free(list);
    free(h);
    free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_and_cards_tell_no_more_than_that_an_intro_came),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
