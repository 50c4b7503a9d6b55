/* Beginning, opening, closing. */
#include "crypto/base/wipe.h"
#include "node/chat/account.h"
#include "node/chat/self.h"

#include <stdlib.h>

const char *const chat_tables[] = {VAULT_KV_TABLES};

enum err chat_exists(struct kv *kv)
{
    return vault_exists(kv);
}

static struct scrypt_cost cost_of(const struct chat_config *config)
{
    struct scrypt_cost cost = {0};
    if (config->scrypt_log_n != 0)
        cost = (struct scrypt_cost){(uint8_t)config->scrypt_log_n, 8, 1};
    return cost;
}

static struct keyring_lock lock_of(const struct chat_config *config)
{
    return (struct keyring_lock){
        .passphrase = config->passphrase, .key_file = config->key_file, .cost = cost_of(config)};
}

static struct chat *chat_new(const struct chat_config *config, const struct env *env)
{
    struct chat *c = calloc(1, sizeof *c);
    uint8_t seed[16];

    if (c == NULL)
        return NULL;
    c->light = config->light;
    c->cost = cost_of(config);
    c->behind.at = c->bundle_at = c->intro_at = c->listen_again = c->self_say_at = MONO_NEVER;
    c->receipts = true;
    c->stamp_bits = CHAT_STAMP_BITS;
    c->journal_first = 1;
    rng_fill(env->rng, seed, sizeof seed);
    if (parked_new(&c->parked, seed) != OK) {
        free(c);
        return NULL;
    }
    map_init(&c->people, seed, CHAT_PEOPLE_MAX);
    map_init(&c->talks, seed, CHAT_TALKS_MAX);
    fifo_init(&c->stampings, sizeof(struct stamping *), CHAT_PENDING_MAX);
    buf_init(&c->row, VAULT_VALUE_BYTES_MAX);
    buf_init(&c->edit, VAULT_VALUE_BYTES_MAX);
    fifo_init(&c->passing, sizeof(struct chat_event), CHAT_PASSING_MAX);
    fifo_init(&c->held, sizeof(struct pending *), CHAT_PENDING_MAX);
    fifo_init(&c->ready, sizeof(struct pending *), 2 * CHAT_PENDING_MAX);
    fifo_init(&c->under_way, sizeof(struct pending *), CHAT_PUBLISHING_MAX);
    for (size_t i = 0; i < config->hints_count && i < CARD_HINTS_MAX; i++) {
        buf_init(&c->hints[i], 300);
        if (buf_append(&c->hints[i], config->hints[i]) == OK)
            c->hints_count = i + 1;
    }
    return c;
}

static void drain(struct fifo *f)
{
    struct pending *p;
    while (fifo_pop(f, &p))
        pending_free(p);
    fifo_clear(f);
}

void chat_close(struct chat *c)
{
    if (c == NULL)
        return;
    files_clear(c);
    talks_clear(c);
    people_clear(c);
    inviting_clear(c);
    letting_clear(c);
    parking_clear(c);
    free(c->listed);
    buf_clear(&c->row);
    buf_clear(&c->edit);
    map_clear(&c->people);
    map_clear(&c->talks);
    drain(&c->held);
    drain(&c->ready);
    drain(&c->under_way);
    fifo_clear(&c->passing);
    keyring_close(c->root);
    keyring_close(c->installation);
    keyring_free(c->ring);
    for (size_t i = 0; i < c->hints_count; i++)
        buf_clear(&c->hints[i]);
    vault_close(c->vault);
    wipe(c, sizeof *c);
    free(c);
}

/* ---- settings ---- */

void settings_save(struct chat *c)
{
    struct buf value = BUF_INIT(1024);
    struct pack_writer w = pack_writer_to(&value);
    pack_write_array(&w, 9);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, SPAN_ARRAY(c->self.account));
    pack_write_uint(&w, (uint64_t)c->phase);
    pack_write_uint(&w, c->receipts);
    pack_write_uint(&w, (uint64_t)c->policy);
    pack_write_str(&w, span_str(c->profile));
    pack_write_uint(&w, c->links_next);
    pack_write_int(&w, c->inbox_read_ns);
    pack_write_bin(&w, SPAN_ARRAY(c->cover_secret));
    if (pack_writer_status(&w) != OK && c->failed == OK)
        c->failed = ERR_MEMORY;
    step_put(c, VAULT_T_SETTINGS, SPAN_LIT("self"), &value);
    buf_reset(&value);
    if (buf_append(&value, SPAN_ARRAY(c->words_secret)) == OK)
        step_put(c, VAULT_T_SECRETS, SPAN_LIT("words-card"), &value);
    buf_clear(&value);
}

static enum err settings_read(struct chat *c, struct span in)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 9, 9);
    (void)pack_read_uint(&r, 1);
    pack_read_fixed(&r, c->self.account, 32);
    c->phase = (enum chat_phase)pack_read_uint(&r, CHAT_PHASE_PAIRING);
    c->receipts = pack_read_uint(&r, 1) == 1;
    c->policy = (enum chat_policy)pack_read_uint(&r, CHAT_POLICY_GROUPS);
    struct span name = pack_read_str(&r, 0, CHAT_NAME_MAX - 1);
    TRY(r.err);
    text_copy(c->profile, name);
    c->links_next = pack_read_uint(&r, UINT32_MAX);
    c->inbox_read_ns = pack_read_int(&r);
    pack_read_fixed(&r, c->cover_secret, sizeof c->cover_secret);
    return pack_end(&r);
}

static enum err settings_load(struct chat *c)
{
    struct buf value = BUF_INIT(1024);
    enum err err = vault_get(c->vault, VAULT_T_SETTINGS, SPAN_LIT("self"), &value);
    if (err == OK)
        err = settings_read(c, buf_span(&value)) == OK ? OK : ERR_CORRUPT;
    buf_reset(&value);
    if (err == OK)
        err = vault_get(c->vault, VAULT_T_SECRETS, SPAN_LIT("words-card"), &value);
    if (err == OK && value.len == sizeof c->words_secret)
        memcpy(c->words_secret, value.ptr, value.len);
    buf_clear(&value);
    return err;
}

/* ---- beginning ---- */

static enum err begin(struct chat **out, const struct chat_config *config, const struct env *env)
{
    struct keyring_lock lock = lock_of(config);
    struct chat *c = chat_new(config, env);

    if (c == NULL)
        return ERR_MEMORY;
    enum err err = vault_create(&c->vault, config->kv, config->wipe, &lock, env);
    if (err != OK) {
        chat_close(c);
        return err;
    }
    step_open(c);
    rng_fill(env->rng, c->cover_secret, sizeof c->cover_secret);
    c->inbox_read_ns = env->wall.ns;
    *out = c;
    return OK;
}

static enum err finish(struct chat *c, const struct env *env, enum err err, struct chat **out)
{
    if (err == OK) {
        settings_save(c);
        err = inviting_begin(c, env);
    }
    if (err == OK)
        err = step_close(c, env);
    if (err != OK) {
        vault_abort(c->vault);
        chat_close(c);
        return err;
    }
    *out = c;
    return OK;
}

enum err chat_create(struct chat **out, const struct chat_config *config, const struct env *env,
                     char text[CHAT_WORDS_TEXT_MAX])
{
    uint8_t entropy[KEYRING_WORDS_ENTROPY];
    struct words w;
    struct chat *c;

    TRY(begin(&c, config, env));
    rng_fill(env->rng, entropy, sizeof entropy);
    enum err err = words_open(&w, entropy);
    if (err == OK) {
        err = account_new(c, env, &w);
        words_close(&w);
    }
    err = finish(c, env, err, out);
    if (err == OK)
        keyring_words_from(entropy, text);
    wipe(entropy, sizeof entropy);
    return err;
}

enum err chat_recover(struct chat **out, const struct chat_config *config, const struct env *env,
                      struct span text)
{
    uint8_t entropy[KEYRING_WORDS_ENTROPY];
    struct keyring_words_fault fault;
    struct words w;
    struct chat *c;

    TRY(keyring_words_to(text, entropy, &fault));
    enum err err = begin(&c, config, env);
    if (err == OK) {
        err = words_open(&w, entropy);
        if (err == OK) {
            err = account_lost(c, env, &w, entropy);
            words_close(&w);
        }
        err = finish(c, env, err, out);
    }
    wipe(entropy, sizeof entropy);
    return err;
}

enum err chat_pair(struct chat **out, const struct chat_config *config, const struct env *env,
                   char text[CHAT_PAIR_TEXT_MAX])
{
    struct chat *c;

    TRY(begin(&c, config, env));
    enum err err = account_further(c, env);
    if (err == OK)
        err = letting_offer(c, env, text);
    return finish(c, env, err, out);
}

enum err chat_open(struct chat **out, const struct chat_config *config, const struct env *env)
{
    struct keyring_lock lock = lock_of(config);
    struct chat *c = chat_new(config, env);

    if (c == NULL)
        return ERR_MEMORY;
    enum err err = vault_open(&c->vault, config->kv, config->wipe, &lock, env);
    if (err == OK)
        err = settings_load(c);
    if (err == OK)
        err = account_load_ring(c);
    if (err == OK)
        err = journal_load(c);
    if (err == OK)
        err = people_load(c);
    if (err == OK)
        err = inviting_begin(c, env);
    if (err == OK)
        err = talks_load(c, env);
    if (err == OK)
        err = leaving_load(c);
    if (err == OK)
        err = files_load(c);
    if (err == OK)
        err = vanishing_load(c);
    if (err == OK)
        err = letting_load(c, env);
    if (err == OK)
        err = self_load(c, env);
    if (err == OK) {
        finding_begin(c, env);
        talks_log_changed(c, env, c->me); /* what was owed when we were stopped */
    }
    if (err == OK && vault_origin(c->vault) != VAULT_SAME)
        rejoin_doubt_all(c, env);
    if (err == OK)
        err = step_close(c, env);
    if (err == OK && vault_origin(c->vault) != VAULT_SAME)
        err = vault_settle(c->vault, env);
    if (err != OK) {
        chat_close(c);
        return err;
    }
    *out = c;
    return OK;
}

enum err chat_passphrase(struct chat *c, const struct env *env, struct span old, struct span fresh)
{
    struct keyring_lock from = {.passphrase = old, .cost = c->cost};
    struct keyring_lock to = {.passphrase = fresh, .cost = c->cost};
    if (fresh.len == 0)
        return ERR_ARGUMENT;
    TRY(step_close(c, env));
    return vault_relock(c->vault, &from, &to, env);
}

/* ---- time ---- */

void chat_tick(struct chat *c, const struct env *env)
{
    if (env->now.ns < c->next.ns)
        return;
    network_tick(c, env);
    finding_tick(c, env);
    prekeys_expire(c, env);
    inviting_tick(c, env);
    letting_tick(c, env);
    talks_tick(c, env);
    self_tick(c, env);
    files_tick(c, env);
    welcomes_tick(c, env);
    vanishing_tick(c, env);
    if (step_close(c, env) == OK && vault_tick(c->vault, env) != OK)
        log_unusual(env, "chat", "secrets that should be gone are still on the disk; tried again");
}

void chat_plan_deadline(struct chat *c, const struct env *env)
{
    struct mono at = network_deadline(c);
    at = mono_min(at, finding_deadline(c));
    at = mono_min(at, prekeys_deadline(c, env));
    at = mono_min(at, inviting_deadline(c, env));
    at = mono_min(at, letting_deadline(c, env));
    at = mono_min(at, talks_deadline(c, env));
    at = mono_min(at, self_deadline(c));
    at = mono_min(at, files_deadline(c));
    at = mono_min(at, welcomes_deadline(c, env));
    at = mono_min(at, vanishing_deadline(c, env));
    if (c->stuck != OK)
        at = mono_min(at, mono_add(env->now, STUCK_RETRY_S * NS_PER_S));
    c->next = mono_min(at, vault_deadline(c->vault));
}

struct mono chat_deadline(const struct chat *c)
{
    return c->next;
}

void chat_online(struct chat *c, const struct env *env, bool online)
{
    if (c->online == online)
        return;
    c->online = online;
    c->looked = false;
    c->look_until = mono_add(env->now, LOOK_WAIT_S * NS_PER_S);
    if (online)
        network_back(c, env);
    else
        talks_offline(c, env);
}
