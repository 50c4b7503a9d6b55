/* Being found: our bundles, laid out at each of our addresses at its own minute of the day, whether
 * they are used or not; sooner only when our log or policy has changed.
 *
 * A record, of all addresses: [[card secret, last left s, 1 if another is owed], ...]: what was
 * begun before a crash, a stamp looked for even, is done again. @source CHAT.md 3
 */
#include "node/chat/intro/timetable.h"
#include "node/chat/talk.h"

#define LAID_ROW SPAN_LIT("laid")

static uint64_t seconds(const struct env *env)
{
    return (uint64_t)(env->wall.ns / NS_PER_S);
}

/* ---- when each address had its last one ---- */

static struct laid *laid_at(struct chat *c, const struct card *card)
{
    for (size_t i = 0; i < c->laid_count; i++)
        if (memcmp(c->laid[i].secret, card->secret, CARD_SECRET_BYTES) == 0)
            return &c->laid[i];
    if (c->laid_count == CHAT_ADDRESSES_MAX) /* revoked ones make room */
        memmove(&c->laid[0], &c->laid[1], --c->laid_count * sizeof c->laid[0]);
    struct laid *l = &c->laid[c->laid_count++];
    *l = (struct laid){.last_s = 0};
    memcpy(l->secret, card->secret, CARD_SECRET_BYTES);
    return l;
}

static void save(struct chat *c)
{
    struct buf value = BUF_INIT(4096);
    struct pack_writer w = pack_writer_to(&value);
    pack_write_array(&w, c->laid_count);
    for (size_t i = 0; i < c->laid_count; i++) {
        const struct laid *l = &c->laid[i];
        pack_write_array(&w, 3);
        pack_write_bin(&w, SPAN_ARRAY(l->secret));
        pack_write_uint(&w, l->left_s);
        pack_write_uint(&w, l->due_s != 0 || l->last_s != l->left_s);
    }
    if (pack_writer_status(&w) == OK)
        step_put(c, VAULT_T_SECRETS, LAID_ROW, &value);
    buf_clear(&value);
}

static enum err read(struct chat *c, struct span in)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    c->laid_count = pack_read_array(&r, 0, CHAT_ADDRESSES_MAX);
    for (size_t i = 0; i < c->laid_count; i++) {
        struct laid *l = &c->laid[i];
        (void)pack_read_array(&r, 3, 3);
        pack_read_fixed(&r, l->secret, CARD_SECRET_BYTES);
        l->left_s = l->last_s = pack_read_uint(&r, UINT64_MAX);
        l->due_s = pack_read_uint(&r, 1); /* long ago */
    }
    return pack_end(&r);
}

enum err laying_load(struct chat *c)
{
    struct buf value = BUF_INIT(4096);
    enum err err = vault_get(c->vault, VAULT_T_SECRETS, LAID_ROW, &value);
    if (err == OK)
        err = read(c, buf_span(&value)) == OK ? OK : ERR_CORRUPT;
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- when it has the next ---- */

static uint64_t due_of(const struct chat *c, const struct card *card, const struct laid *l)
{
    uint64_t regular =
        l->last_s == 0 ? 0 : timetable_next(timetable_minute(c->cover_secret, card), l->last_s);
    return l->due_s != 0 && l->due_s < regular ? l->due_s : regular;
}

static void plan(struct chat *c, const struct env *env)
{
    struct card cards[CHAT_ADDRESSES_MAX];
    size_t count = cards_ours(c, cards, CHAT_ADDRESSES_MAX);
    uint64_t now = seconds(env), first = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        uint64_t due = due_of(c, &cards[i], laid_at(c, &cards[i]));
        first = due < first ? due : first;
    }
    c->bundle_at = first == UINT64_MAX
                       ? MONO_NEVER
                       : mono_add(env->now, first > now ? (int64_t)(first - now) * NS_PER_S : 0);
}

void laying_plan(struct chat *c, const struct env *env)
{
    if (c->phase == CHAT_PHASE_READY)
        plan(c, env);
}

void bundles_renew(struct chat *c, const struct env *env)
{
    for (size_t i = 0; i < c->laid_count; i++) /* not all at once: it would show whose they are */
        c->laid[i].due_s = seconds(env) + rng_below(env->rng, BUNDLE_SPREAD_S);
    save(c);
    laying_plan(c, env);
}

/* ---- one bundle ---- */

static enum err lay_out(struct chat *c, const struct env *env, const struct card *card)
{
    struct buf log = BUF_INIT(IDENTITY_SENT_BYTES_MAX), body = BUF_INIT(BUNDLE_BYTES_MAX);
    const struct stamping s = {.card = *card,
                               .day = (uint32_t)(seconds(env) / INTRO_DAY_S),
                               .bits = STAMP_BITS_BUNDLE,
                               .bundle = true};
    struct prekey *p;

    TRY(prekeys_current(c, env, &p));
    enum err err = identity_log_write(c->me->log, &log);
    const struct bundle bundle = {.log = buf_span(&log), .parts = {buf_span(&p->part)}, .count = 1};
    if (err == OK)
        err = bundle_encode(&bundle, &body);
    if (err == OK)
        err = stamping_add(c, &s, &body);
    buf_clear(&log);
    buf_clear(&body);
    return err;
}

void laying_left(struct chat *c, const struct card *card)
{
    struct laid *l = laid_at(c, card);
    l->left_s = l->last_s;
    save(c);
}

void laying_outdated(struct chat *c, const struct env *env, const char *topic)
{
    struct card cards[CHAT_ADDRESSES_MAX];
    size_t count = cards_ours(c, cards, CHAT_ADDRESSES_MAX);

    for (size_t i = 0; i < count; i++) {
        char own[ENVELOPE_TOPIC_BYTES];
        envelope_topic(ENVELOPE_INTRO, card_bucket(&cards[i]), own);
        if (strcmp(topic, own) == 0)
            laid_at(c, &cards[i])->due_s = 1; /* long ago */
    }
    save(c);
    plan(c, env);
}

void laying_tick(struct chat *c, const struct env *env)
{
    struct card cards[CHAT_ADDRESSES_MAX];
    size_t count = cards_ours(c, cards, CHAT_ADDRESSES_MAX);

    if (c->phase != CHAT_PHASE_READY)
        return;
    step_open(c);
    if (!identity_has(identity_log_now(c->me->log), c->self.installation, NULL)) {
        c->bundle_at = MONO_NEVER; /* revoked */
        return;
    }
    for (size_t i = 0; i < count; i++) {
        struct laid *l = laid_at(c, &cards[i]);
        if (due_of(c, &cards[i], l) > seconds(env))
            continue;
        enum err err = lay_out(c, env, &cards[i]);
        if (err != OK)
            log_unusual(env, "chat", "bundle not laid out err=%s", err_name(err));
        l->last_s = seconds(env);
        l->due_s = 0;
    }
    save(c);
    prekeys_expire(c, env);
    plan(c, env);
}
