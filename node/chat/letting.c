/* A device is let in: the record, where its messages lie, when they go again. */
#include "node/chat/letting.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

#define KEY SPAN_LIT("pairing")

/* ---- the record: [1, state, keeper, key, secret, nonce, known, message, words, until ns] */

void letting_save(struct chat *c)
{
    struct buf value = BUF_INIT(2 * ENVELOPE_BYTES_MAX);
    struct pack_writer w = pack_writer_to(&value);
    const struct letting *l = c->letting;
    pack_write_array(&w, 10);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, (uint64_t)l->state);
    pack_write_uint(&w, l->keeper);
    pack_write_bin(&w, SPAN_ARRAY(l->offer.key));
    pack_write_bin(&w, SPAN_ARRAY(l->offer.secret));
    pack_write_bin(&w, SPAN_ARRAY(l->offer.nonce));
    pack_write_bin(&w, buf_span(&l->known));
    pack_write_bin(&w, buf_span(&l->message));
    pack_write_str(&w, span_str(l->words));
    pack_write_int(&w, l->until_ns);
    if (pack_writer_status(&w) == OK)
        step_put(c, VAULT_T_SECRETS, KEY, &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

static enum err read(struct span in, struct letting *l)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 10, 10);
    (void)pack_read_uint(&r, 1);
    l->state = (enum letting_state)pack_read_uint(&r, LETTING_DONE);
    l->keeper = pack_read_uint(&r, 1) == 1;
    pack_read_fixed(&r, l->offer.key, sizeof l->offer.key);
    pack_read_fixed(&r, l->offer.secret, sizeof l->offer.secret);
    pack_read_fixed(&r, l->offer.nonce, sizeof l->offer.nonce);
    struct span known = pack_read_bin(&r, 0, IDENTITY_SENT_BYTES_MAX);
    struct span message = pack_read_bin(&r, 0, ENVELOPE_BYTES_MAX);
    struct span words = pack_read_str(&r, 0, PAIR_WORDS_MAX - 1);
    l->until_ns = pack_read_int(&r);
    TRY(pack_end(&r));
    text_copy(l->words, words);
    TRY(buf_append(&l->known, known));
    return buf_append(&l->message, message);
}

static void letting_free(struct letting *l)
{
    if (l == NULL)
        return;
    buf_clear(&l->known);
    buf_clear(&l->message);
    wipe(l, sizeof *l);
    free(l);
}

void letting_clear(struct chat *c)
{
    letting_free(c->letting);
    c->letting = NULL;
}

static struct letting *make(void)
{
    struct letting *l = calloc(1, sizeof *l);
    if (l != NULL) {
        buf_init(&l->known, IDENTITY_SENT_BYTES_MAX);
        buf_init(&l->message, ENVELOPE_BYTES_MAX);
        l->again_at = MONO_NEVER;
    }
    return l;
}

enum err letting_load(struct chat *c, const struct env *env)
{
    struct buf value = BUF_INIT(2 * ENVELOPE_BYTES_MAX);
    enum err err = vault_get(c->vault, VAULT_T_SECRETS, KEY, &value);
    if (err == OK) {
        c->letting = make();
        err = c->letting == NULL                         ? ERR_MEMORY
              : read(buf_span(&value), c->letting) == OK ? OK
                                                         : ERR_CORRUPT;
    }
    if (err == OK && c->letting->message.len > 0)
        c->letting->again_at = env->now;
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err letting_new(struct chat *c, const struct env *env, bool keeper,
                     const struct pair_offer *offer)
{
    struct letting *l = make();
    if (l == NULL)
        return ERR_MEMORY;
    letting_clear(c);
    l->keeper = keeper;
    l->state = keeper ? LETTING_PROPOSED : LETTING_OFFERED;
    l->offer = *offer;
    l->until_ns = env->wall.ns + PAIR_LIFE_S * NS_PER_S;
    c->letting = l;
    network_listen(c);
    return OK;
}

void letting_drop(struct chat *c)
{
    step_put(c, VAULT_T_SECRETS, KEY, NULL);
    letting_clear(c);
    network_listen(c);
}

/* ---- the network ---- */

bool letting_bucket(const struct chat *c, uint8_t *bucket)
{
    struct envelope_keys down, up;
    if (c->letting == NULL || (c->letting->state == LETTING_DONE && !c->letting->keeper))
        return false;
    pair_keys(&c->letting->offer, &down, &up, bucket);
    wipe(&down, sizeof down);
    wipe(&up, sizeof up);
    return true;
}

static enum err seal(struct chat *c, const struct env *env)
{
    struct buf envelope = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct letting *l = c->letting;
    struct envelope_keys down, up;
    char topic[ENVELOPE_TOPIC_BYTES];
    uint8_t bucket;

    pair_keys(&l->offer, &down, &up, &bucket);
    envelope_topic(ENVELOPE_INTRO, bucket, topic);
    enum err err = envelope_seal(l->keeper ? &down : &up, env->rng, span_str(topic),
                                 buf_span(&l->message), &envelope);
    if (err == OK)
        err = chat_publish(c, env, topic, &envelope, NULL, 0);
    wipe(&down, sizeof down);
    wipe(&up, sizeof up);
    buf_clear(&envelope);
    return err;
}

void letting_send(struct chat *c, const struct env *env)
{
    enum err err = seal(c, env);
    if (err != OK)
        log_unusual(env, "chat", "pairing: not sent err=%s", err_name(err));
    bool again = c->letting->state != LETTING_DONE;
    c->letting->again_at = again ? mono_add(env->now, PAIR_AGAIN_S * NS_PER_S) : MONO_NEVER;
}

bool letting_received(struct chat *c, const struct env *env, struct span topic,
                      struct span envelope)
{
    struct envelope_keys down, up;
    struct buf message = BUF_INIT(ENVELOPE_BYTES_MAX);
    char own[ENVELOPE_TOPIC_BYTES];
    uint8_t bucket;

    if (!letting_bucket(c, &bucket))
        return false;
    envelope_topic(ENVELOPE_INTRO, bucket, own);
    if (!span_eq(topic, span_str(own)))
        return false;
    pair_keys(&c->letting->offer, &down, &up, &bucket);
    bool ours = envelope_open(c->letting->keeper ? &up : &down, topic, envelope, &message) == OK;
    wipe(&down, sizeof down);
    wipe(&up, sizeof up);
    if (ours) {
        step_open(c);
        (c->letting->keeper ? letting_answered : letting_told)(c, env, buf_span(&message));
    }
    buf_clear(&message);
    return ours;
}

/* ---- time ---- */

static bool waits_to_be_let_in(const struct chat *c)
{
    return c->phase == CHAT_PHASE_PAIRING;
}

void letting_tick(struct chat *c, const struct env *env)
{
    struct letting *l = c->letting;
    if (l == NULL)
        return;
    if (l->until_ns <= env->wall.ns) {
        if (!waits_to_be_let_in(c)) {
            step_open(c);
            letting_drop(c);
            return;
        }
        l->again_at = MONO_NEVER; /* the keeper has given up */
    }
    if (c->online && l->again_at.ns <= env->now.ns) {
        step_open(c);
        letting_send(c, env);
    }
}

struct mono letting_deadline(const struct chat *c, const struct env *env)
{
    const struct letting *l = c->letting;
    if (l == NULL)
        return MONO_NEVER;
    int64_t left = l->until_ns - env->wall.ns;
    struct mono at = waits_to_be_let_in(c) ? MONO_NEVER : mono_add(env->now, left > 0 ? left : 0);
    return c->online ? mono_min(at, l->again_at) : at;
}

enum err chat_pair_words(struct chat *c, char words[CHAT_SIX_WORDS_MAX])
{
    if (c->letting == NULL || c->letting->words[0] == '\0')
        return ERR_NOT_FOUND;
    text_copy(words, span_str(c->letting->words));
    return OK;
}
