/* What we lay out for strangers: prekeys and key packages, a fresh pair every day, and how long
 * their private halves live.
 *
 * A record: [1, secret 32, init key, leaf key, key package, part, issued s, successor published s,
 * and for crowds init key, leaf key, key package].
 * When it dies: prekey_dies_at (timetable.h). @source CHAT.md 3
 */
#include "crypto/base/wipe.h"
#include "crypto/hpke/hpke.h"
#include "node/chat/intro/timetable.h"
#include "node/chat/talk.h"

static uint64_t seconds(const struct env *env)
{
    return (uint64_t)(env->wall.ns / NS_PER_S);
}

/* ---- records ---- */

static void save(struct chat *c, const struct prekey *p)
{
    struct buf value = BUF_INIT(2 * PART_BYTES_MAX);
    struct pack_writer w = pack_writer_to(&value);
    pack_write_array(&w, 11);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(p->secret));
    pack_write_bin(&w, SPAN_ARRAY(p->keys.init));
    pack_write_bin(&w, SPAN_ARRAY(p->keys.leaf));
    pack_write_bin(&w, buf_span(&p->package));
    pack_write_bin(&w, buf_span(&p->part));
    pack_write_uint(&w, p->issued_s);
    pack_write_uint(&w, p->replaced_s);
    pack_write_bin(&w, SPAN_ARRAY(p->crowd_keys.init));
    pack_write_bin(&w, SPAN_ARRAY(p->crowd_keys.leaf));
    pack_write_bin(&w, buf_span(&p->crowd_package));
    if (pack_writer_status(&w) == OK)
        step_put(c, VAULT_T_PREKEYS, SPAN_ARRAY(p->id), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

static enum err read(struct span in, struct prekey *p)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 11, 11);
    (void)pack_read_uint(&r, 1);
    pack_read_fixed(&r, p->secret, sizeof p->secret);
    pack_read_fixed(&r, p->keys.init, sizeof p->keys.init);
    pack_read_fixed(&r, p->keys.leaf, sizeof p->keys.leaf);
    struct span package = pack_read_bin(&r, 1, PART_PACKAGE_BYTES_MAX);
    struct span part = pack_read_bin(&r, 1, PART_BYTES_MAX);
    p->issued_s = pack_read_uint(&r, UINT64_MAX);
    p->replaced_s = pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, p->crowd_keys.init, sizeof p->crowd_keys.init);
    pack_read_fixed(&r, p->crowd_keys.leaf, sizeof p->crowd_keys.leaf);
    struct span crowd = pack_read_bin(&r, 1, PART_PACKAGE_BYTES_MAX);
    TRY(pack_end(&r));
    TRY(buf_append(&p->crowd_package, crowd));
    TRY(buf_append(&p->package, package));
    return buf_append(&p->part, part);
}

static void init(struct prekey *p)
{
    *p = (struct prekey){.package = BUF_INIT(PART_PACKAGE_BYTES_MAX),
                         .crowd_package = BUF_INIT(PART_PACKAGE_BYTES_MAX),
                         .part = BUF_INIT(PART_BYTES_MAX)};
}

static void clear(struct prekey *p)
{
    buf_clear(&p->package);
    buf_clear(&p->crowd_package);
    buf_clear(&p->part);
    wipe(p, sizeof *p);
}

void prekeys_clear(struct chat *c)
{
    while (c->prekeys_count > 0)
        clear(&c->prekeys[--c->prekeys_count]);
}

enum err prekeys_load(struct chat *c)
{
    struct vault_key key = {0};
    struct buf value = BUF_INIT(2 * PART_BYTES_MAX);
    enum err err;
    while ((err = vault_next(c->vault, VAULT_T_PREKEYS, SPAN_EMPTY, &key, &value)) == OK &&
           c->prekeys_count < PREKEYS_MAX) {
        struct prekey *p = &c->prekeys[c->prekeys_count];
        init(p);
        if (key.len != PREKEY_ID_BYTES || read(buf_span(&value), p) != OK) {
            clear(p);
            err = ERR_CORRUPT;
            break;
        }
        memcpy(p->id, key.bytes, sizeof p->id);
        c->prekeys_count++;
    }
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- a fresh one ---- */

static enum err make_package(struct chat *c, const struct env *env, struct prekey *p)
{
    struct talk_world w;
    TRY(talk_world_init(&w, c, env));
    enum err err =
        profile_package(&w.us, &w.mls, profile_rules(PROFILE_DIRECT)->suite, &p->keys, &p->package);
    if (err == OK)
        err = profile_package(&w.us, &w.mls, profile_rules(PROFILE_CROWD)->suite, &p->crowd_keys,
                              &p->crowd_package);
    talk_world_clear(&w);
    return err;
}

static enum err make_part(struct chat *c, const struct env *env, struct prekey *p)
{
    static const unsigned policies[] = {[CHAT_POLICY_OPEN] = INTRO_POLICY_OPEN,
                                        [CHAT_POLICY_LINKS] = INTRO_POLICY_LINKS,
                                        [CHAT_POLICY_GROUPS] = INTRO_POLICY_GROUPS};
    const struct identity *now = identity_log_now(c->me->log);
    struct part part = {
        .seq = now->seq,
        .issued_s = p->issued_s,
        .expiry_s = p->issued_s + PART_LIFE_S,
        .key_package = buf_span(&p->package),
        .policy = policies[c->policy],
        .bits = c->stamp_bits,
        .extensions = {.list = {{.id = PART_CROWD_PACKAGE, .bytes = buf_span(&p->crowd_package)}},
                       .count = 1}};
    memcpy(part.account, c->self.account, sizeof part.account);
    memcpy(part.head, now->head, sizeof part.head);
    TRY(hpke_xwing.public_of(&hpke_xwing, p->secret, part.prekey));
    prekey_id(part.prekey, p->id);
    TRY(part_sign(&part, c->installation));
    buf_reset(&p->part);
    (void)env;
    return part_encode(&part, &p->part);
}

static struct prekey *newest(struct chat *c)
{
    struct prekey *best = NULL;
    for (size_t i = 0; i < c->prekeys_count; i++)
        if (best == NULL || c->prekeys[i].issued_s > best->issued_s)
            best = &c->prekeys[i];
    return best;
}

static void drop(struct chat *c, size_t i)
{
    step_put(c, VAULT_T_PREKEYS, SPAN_ARRAY(c->prekeys[i].id), NULL);
    clear(&c->prekeys[i]);
    c->prekeys_count--;
    memmove(&c->prekeys[i], &c->prekeys[i + 1], (c->prekeys_count - i) * sizeof c->prekeys[0]);
}

static enum err fresh(struct chat *c, const struct env *env, struct prekey **out)
{
    struct prekey *before = newest(c), *p;

    if (c->prekeys_count == PREKEYS_MAX)
        drop(c, 0);
    p = &c->prekeys[c->prekeys_count];
    init(p);
    p->issued_s = seconds(env);
    rng_fill(env->rng, p->secret, sizeof p->secret);
    enum err err = make_package(c, env, p);
    if (err == OK)
        err = make_part(c, env, p);
    if (err != OK) {
        clear(p);
        return err;
    }
    c->prekeys_count++;
    save(c, p);
    before = c->prekeys_count > 1 ? before : NULL;
    if (before != NULL) {
        before->replaced_s = p->issued_s + INTRO_EVERY_S; /* by then at every address */
        save(c, before);
    }
    *out = p;
    return OK;
}

enum err prekeys_current(struct chat *c, const struct env *env, struct prekey **out)
{
    *out = newest(c);
    if (*out == NULL || (*out)->issued_s + INTRO_EVERY_S <= seconds(env))
        return fresh(c, env, out);
    TRY(make_part(c, env, *out)); /* the log may have grown */
    save(c, *out);
    return OK;
}

const struct prekey *prekeys_find(const struct chat *c, const uint8_t id[PREKEY_ID_BYTES])
{
    for (size_t i = 0; i < c->prekeys_count; i++)
        if (memcmp(c->prekeys[i].id, id, PREKEY_ID_BYTES) == 0)
            return &c->prekeys[i];
    return NULL;
}

static uint64_t dies_at(const struct chat *c, const struct prekey *p)
{
    const struct prekey_life life = {p->issued_s, p->replaced_s};
    return prekey_dies_at(&life, (uint64_t)(c->inbox_read_ns / NS_PER_S));
}

void prekeys_expire(struct chat *c, const struct env *env)
{
    for (size_t i = c->prekeys_count; i-- > 0;)
        if (dies_at(c, &c->prekeys[i]) <= seconds(env))
            drop(c, i);
}

struct mono prekeys_deadline(const struct chat *c, const struct env *env)
{
    struct mono at = MONO_NEVER;
    for (size_t i = 0; i < c->prekeys_count; i++) {
        uint64_t dies = dies_at(c, &c->prekeys[i]), now = seconds(env);
        at = mono_min(at, mono_add(env->now, dies > now ? (int64_t)(dies - now) * NS_PER_S : 0));
    }
    return at;
}
