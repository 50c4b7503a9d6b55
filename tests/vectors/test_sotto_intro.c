/* First contact, byte by byte: tests/vectors/sotto/intro.json. Keys come from the seeds in the
 * file, random bytes count up from 0 (modulo 256) in each object that draws any. */
#include "node/chat/intro/invite.h"
#include "tests/lib/intro_people.h"
#include "tests/lib/json.h"

#include <stdlib.h>

static void count_up(void *state, uint8_t *out, size_t len)
{
    uint8_t *next = state;
    for (size_t i = 0; i < len; i++)
        out[i] = (*next)++;
}

struct run {
    struct arena arena;
    const struct json *v;
    struct intro_person owner, guest;
    uint64_t now_s;
    uint32_t day;
    struct card card;
};

static void begin(struct run *r)
{
    arena_init(&r->arena, 1u << 20);
    r->v = json_load(&r->arena, "tests/vectors/sotto/intro.json");
    intro_person_init(&r->owner, (uint8_t)json_u64(r->v, "owner"), 2);
    intro_person_init(&r->guest, (uint8_t)json_u64(r->v, "guest"), 1);
    r->now_s = json_u64(r->v, "issued_s");
    r->day = (uint32_t)(r->now_s / INTRO_DAY_S);
    r->card = (struct card){.private_link = true};
    memcpy(r->card.account, r->owner.account, 32);
    memcpy(r->card.secret, json_hex(&r->arena, r->v, "intro_secret").ptr, CARD_SECRET_BYTES);
}

static void end(struct run *r)
{
    intro_person_clear(&r->owner);
    intro_person_clear(&r->guest);
    arena_clear(&r->arena);
}

/* With SOTTO_VECTORS=show the bytes are printed, for who changes the protocol on purpose. */
static void same(struct run *r, const char *name, struct span got)
{
    if (getenv("SOTTO_VECTORS") != NULL) {
        printf("  \"%s\": \"", name);
        for (size_t i = 0; i < got.len; i++)
            printf("%02x", got.ptr[i]);
        printf("\",\n");
        return;
    }
    assert_span_equal(got, json_hex(&r->arena, r->v, name));
}

static void addresses_keys_and_prekeys(void **state)
{
    (void)state;
    struct run r;
    struct envelope_keys keys;
    uint8_t bucket, id[PREKEY_ID_BYTES];
    begin(&r);
    same(&r, "account", SPAN_ARRAY(r.owner.account));
    bucket = card_bucket(&r.card);
    same(&r, "bucket", span_of(&bucket, 1));
    card_keys(&r.card, r.day, &keys);
    same(&r, "header_key", SPAN_ARRAY(keys.header));
    same(&r, "bundle_key", SPAN_ARRAY(keys.body));
    same(&r, "prekey", SPAN_ARRAY(r.owner.prekey[0]));
    prekey_id(r.owner.prekey[0], id);
    same(&r, "prekey_id", SPAN_ARRAY(id));
    end(&r);
}

static void a_bundle_and_its_envelope(void **state)
{
    (void)state;
    struct run r;
    struct buf body = BUF_INIT(BUNDLE_BYTES_MAX), envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct stamp_of of;
    struct intro intro = {0};
    uint64_t next = 0;
    uint8_t count = 0, hash[SHA256_BYTES];
    struct rng rng = {count_up, &count};
    begin(&r);
    struct part part = intro_part(&r.owner, 0, r.now_s);
    intro_bundle(r.owner.log, &part, 1, &body);
    same(&r, "bundle", buf_span(&body));
    intro.body = buf_span(&body);
    stamp_for(r.owner.account, r.day, intro.body, &of);
    assert_true(stamp_make(&of, STAMP_BITS_BUNDLE, &next, UINT64_MAX, intro.stamp));
    same(&r, "bundle_stamp", SPAN_ARRAY(intro.stamp));
    assert_ok(intro_seal(&r.card, r.day, &intro, &rng, &envelope));
    sha256(buf_span(&envelope), hash);
    same(&r, "bundle_envelope_sha256", SPAN_ARRAY(hash));
    buf_clear(&body);
    buf_clear(&envelope);
    end(&r);
}

static void an_invite_for_two_installations(void **state)
{
    (void)state;
    struct run r;
    struct buf sent = BUF_INIT(IDENTITY_SENT_BYTES_MAX), body = BUF_INIT(INVITE_BYTES_MAX);
    struct buf keep = BUF_INIT(INVITE_BYTES_MAX);
    struct invite_sealed sealed;
    uint8_t count = 0, hash[32], id[PREKEY_ID_BYTES];
    struct rng rng = {count_up, &count};
    begin(&r);
    struct part parts[] = {intro_part(&r.owner, 0, r.now_s), intro_part(&r.owner, 1, r.now_s)};
    assert_ok(identity_log_write(r.guest.log, &sent));
    struct invite out, invite = {.purpose = INVITE_WELCOME,
                                 .log = buf_span(&sent),
                                 .welcome = json_hex(&r.arena, r.v, "welcome"),
                                 .message = json_hex(&r.arena, r.v, "message"),
                                 .day = r.day};
    memcpy(invite.account, r.owner.account, 32);
    assert_ok(invite_seal(&invite, r.guest.device[0], parts, 2, &rng, &body));
    same(&r, "invite", buf_span(&body));
    assert_ok(invite_decode(buf_span(&body), &sealed));
    prekey_id(r.owner.prekey[1], id);
    struct invite_key key = {r.owner.account, id, SPAN_ARRAY(r.owner.secret[1])};
    assert_ok(invite_open(&sealed, &key, r.day, &keep, &out, hash));
    same(&r, "invite_content", buf_span(&keep));
    same(&r, "invite_hash", SPAN_ARRAY(hash));
    buf_clear(&sent);
    buf_clear(&body);
    buf_clear(&keep);
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_keys_and_prekeys),
        cmocka_unit_test(a_bundle_and_its_envelope),
        cmocka_unit_test(an_invite_for_two_installations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
