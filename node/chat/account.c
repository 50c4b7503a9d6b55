/* Our own account: the keys of the 24 words, and the events that we add to our log.
 *
 * The first root key is the words' as well, and the inception has the time 0 and nothing by chance:
 * so the words alone name the account, and with the card that they derive its log can be found
 * again when every device is lost.
 */
#include "node/chat/account.h"

#include "crypto/base/wipe.h"

#define RING SPAN_LIT("account")

enum err words_open(struct words *w, const uint8_t entropy[KEYRING_WORDS_ENTROPY])
{
    *w = (struct words){0};
    TRY(keyring_new(&w->ring));
    enum err err =
        keyring_add(w->ring, SPAN_LIT("words"), KEYRING_SECRET, KEYRING_MAY_DERIVE, entropy);
    if (err == OK)
        err = keyring_open(w->ring, SPAN_LIT("words"), KEYRING_MAY_DERIVE, &w->key);
    if (err != OK)
        words_close(w);
    return err;
}

void words_close(struct words *w)
{
    keyring_close(w->key);
    keyring_free(w->ring);
    *w = (struct words){0};
}

static enum err public_of(const struct words *w, enum label label, uint32_t n, uint8_t out[32])
{
    uint8_t seed[32];
    TRY(identity_words_key(w->key, label, n, seed));
    ed25519_public(seed, out);
    wipe(seed, sizeof seed);
    return OK;
}

static enum err promise_of(const struct words *w, enum label words, enum label promise, uint32_t n,
                           uint8_t out[32])
{
    uint8_t key[32];
    TRY(public_of(w, words, n, key));
    identity_promise(promise, key, out);
    return OK;
}

static enum err open_words_key(const struct words *w, enum label label, uint32_t n,
                               struct keyring *ring, struct span name, struct keyring_key **out)
{
    uint8_t seed[32];
    enum err err = identity_words_key(w->key, label, n, seed);
    if (err == OK)
        err = keyring_add(ring, name, KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, seed);
    wipe(seed, sizeof seed);
    return err == OK ? keyring_open(ring, name, KEYRING_MAY_SIGN_LABEL, out) : err;
}

static enum err inception_of(const struct words *w, struct identity_event *e)
{
    *e = (struct identity_event){.type = IDENTITY_INCEPTION};
    TRY(public_of(w, LABEL_WORDS_NEXT_ROOT, 0, e->root));
    TRY(promise_of(w, LABEL_WORDS_NEXT_ROOT, LABEL_IDENTITY_NEXT_ROOT, 1, e->next_root));
    return promise_of(w, LABEL_WORDS_RECOVERY, LABEL_IDENTITY_RECOVERY, 0, e->recovery);
}

enum err words_account(const struct words *w, struct card *card)
{
    struct identity_event e;
    *card = (struct card){.private_link = true};
    TRY(inception_of(w, &e));
    TRY(identity_account_of(&e, card->account));
    return keyring_derive(w->key, LABEL_WORDS_CARD, SPAN_EMPTY, card->secret, sizeof card->secret);
}

static enum err draw_installation(struct chat *c, const struct env *env)
{
    TRY(keyring_draw(c->ring, env->rng, SPAN_LIT("installation"), KEYRING_ED25519,
                     KEYRING_MAY_SIGN | KEYRING_MAY_SIGN_LABEL));
    return account_open_keys(c);
}

static enum err open_root(struct chat *c)
{
    keyring_close(c->root);
    c->root = NULL;
    enum err err = keyring_open(c->ring, SPAN_LIT("root"), KEYRING_MAY_SIGN_LABEL, &c->root);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* Once: conversations borrow the installation's key. */
enum err account_open_keys(struct chat *c)
{
    assert(c->installation == NULL);
    TRY(open_root(c));
    TRY(keyring_open(c->ring, SPAN_LIT("installation"), KEYRING_MAY_SIGN | KEYRING_MAY_SIGN_LABEL,
                     &c->installation));
    memcpy(c->self.installation, keyring_public(c->installation).ptr, 32);
    return OK;
}

static enum err sign_event(struct chat *c, const struct env *env, struct identity_event *e,
                           const struct keyring_key *recovery)
{
    struct identity_keys keys = {c->root, c->installation, recovery};
    if (e->type != IDENTITY_INCEPTION)
        e->time_s = (uint64_t)(env->wall.ns / NS_PER_S);
    return identity_log_make(c->me->log, e, &keys);
}

bool account_is_keeper(const struct chat *c)
{
    return c->phase == CHAT_PHASE_READY && c->root != NULL &&
           memcmp(keyring_public(c->root).ptr, identity_log_now(c->me->log)->root, 32) == 0;
}

enum err account_may_sign(const struct chat *c)
{
    if (!account_is_keeper(c))
        return ERR_REFUSED;
    return c->looked ? OK : ERR_BUSY;
}

enum err account_checkpoint(struct chat *c, const struct env *env)
{
    if (!identity_log_wants_checkpoint(c->me->log))
        return OK;
    const struct identity *now = identity_log_now(c->me->log);
    struct identity_event point = {
        .type = IDENTITY_CHECKPOINT, .policy = now->policy, .installations = now->installations};
    memcpy(point.root, now->root, 32);
    memcpy(point.next_root, now->next_root, 32);
    memcpy(point.recovery, now->recovery, 32);
    TRY(sign_event(c, env, &point, NULL));
    c->me->log_changed = true;
    return OK;
}

enum err account_event(struct chat *c, const struct env *env, struct identity_event *e)
{
    TRY(account_checkpoint(c, env));
    TRY(sign_event(c, env, e, NULL));
    c->me->log_changed = true;
    return OK;
}

enum err account_keep_ring(struct chat *c, const struct env *env)
{
    step_open(c);
    return vault_put_ring(c->vault, env, RING, c->ring);
}

enum err account_load_ring(struct chat *c)
{
    TRY(vault_get_ring(c->vault, RING, &c->ring));
    return account_open_keys(c);
}

static enum err add_self(struct chat *c, const struct env *env)
{
    struct identity_event e = {.type = IDENTITY_INSTALL_ADD};
    memcpy(e.installation, c->self.installation, 32);
    return account_event(c, env, &e);
}

enum err account_new(struct chat *c, const struct env *env, const struct words *w)
{
    struct identity_event e;
    struct card card;
    struct keyring_key *root;

    TRY(keyring_new(&c->ring));
    TRY(open_words_key(w, LABEL_WORDS_NEXT_ROOT, 0, c->ring, SPAN_LIT("root"), &root));
    keyring_close(root);
    TRY(draw_installation(c, env));
    TRY(words_account(w, &card));
    memcpy(c->self.account, card.account, 32);
    memcpy(c->words_secret, card.secret, sizeof c->words_secret);
    c->me = people_get(c, c->self.account);
    if (c->me == NULL)
        return ERR_MEMORY;
    c->me->consent = CHAT_CONSENT_GIVEN;
    c->looked = true; /* nobody else has it */
    TRY(identity_log_new(&c->me->log));
    TRY(inception_of(w, &e));
    TRY(sign_event(c, env, &e, NULL));
    TRY(add_self(c, env));
    return account_keep_ring(c, env);
}

/* ---- a further device ---- */

/* The account of zeros stands for the one that will let us in. */
enum err account_further(struct chat *c, const struct env *env)
{
    TRY(keyring_new(&c->ring));
    TRY(draw_installation(c, env));
    c->phase = CHAT_PHASE_PAIRING;
    c->me = people_get(c, c->self.account);
    if (c->me == NULL)
        return ERR_MEMORY;
    return account_keep_ring(c, env);
}

/* ---- taken back ---- */

enum err account_lost(struct chat *c, const struct env *env, const struct words *w,
                      const uint8_t entropy[KEYRING_WORDS_ENTROPY])
{
    struct card card;

    TRY(keyring_new(&c->ring));
    TRY(draw_installation(c, env));
    TRY(keyring_add(c->ring, SPAN_LIT("words"), KEYRING_SECRET,
                    KEYRING_MAY_DERIVE | KEYRING_MAY_REVEAL, entropy));
    TRY(words_account(w, &card));
    memcpy(c->self.account, card.account, 32);
    memcpy(c->words_secret, card.secret, sizeof c->words_secret);
    c->phase = CHAT_PHASE_RECOVERING;
    c->me = people_get(c, c->self.account);
    if (c->me == NULL)
        return ERR_MEMORY;
    c->me->consent = CHAT_CONSENT_GIVEN;
    c->me->look_at = env->now;
    return account_keep_ring(c, env);
}

/* Which of the words' recovery keys the log has promised. */
static enum err recovery_number(const struct words *w, const struct identity *now, uint32_t *n)
{
    uint8_t promise[32];
    for (uint32_t k = now->rotations + 1; k-- > 0;) {
        TRY(promise_of(w, LABEL_WORDS_RECOVERY, LABEL_IDENTITY_RECOVERY, k, promise));
        if (memcmp(promise, now->recovery, 32) == 0) {
            *n = k;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err recover_with(struct chat *c, const struct env *env, const struct words *w)
{
    const struct identity *now = identity_log_now(c->me->log);
    struct identity_event e = {.type = IDENTITY_RECOVER};
    struct keyring_key *recovery = NULL;
    uint32_t n, next = now->rotations + 1;

    TRY(recovery_number(w, now, &n));
    TRY(keyring_draw(c->ring, env->rng, SPAN_LIT("root"), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL));
    TRY(open_root(c));
    TRY(open_words_key(w, LABEL_WORDS_RECOVERY, n, w->ring, SPAN_LIT("recovery"), &recovery));
    memcpy(e.root, keyring_public(c->root).ptr, 32);
    memcpy(e.recovery_key, keyring_public(recovery).ptr, 32);
    enum err err =
        promise_of(w, LABEL_WORDS_NEXT_ROOT, LABEL_IDENTITY_NEXT_ROOT, next + 1, e.next_root);
    if (err == OK)
        err = promise_of(w, LABEL_WORDS_RECOVERY, LABEL_IDENTITY_RECOVERY, next, e.recovery);
    if (err == OK)
        err = sign_event(c, env, &e, recovery); /* keeps none of the installations */
    keyring_close(recovery);
    return err == OK ? add_self(c, env) : err;
}

static enum err kept_words(struct chat *c, struct words *w)
{
    struct keyring_key *key;
    uint8_t entropy[KEYRING_WORDS_ENTROPY];
    TRY(keyring_open(c->ring, SPAN_LIT("words"), KEYRING_MAY_REVEAL, &key));
    enum err err = keyring_reveal(key, entropy);
    keyring_close(key);
    if (err == OK)
        err = words_open(w, entropy);
    wipe(entropy, sizeof entropy);
    return err;
}

enum err account_recover(struct chat *c, const struct env *env)
{
    struct words w;
    assert(c->phase == CHAT_PHASE_RECOVERING && c->me->log != NULL);
    TRY(kept_words(c, &w));
    enum err err = recover_with(c, env, &w);
    words_close(&w);
    TRY(err);
    TRY(keyring_remove(c->ring, SPAN_LIT("words")));
    c->phase = CHAT_PHASE_READY;
    c->looked = true;
    c->me->log_changed = true;
    return account_keep_ring(c, env);
}

/* ---- the root key is changed ---- */

static enum err rotate_with(struct chat *c, const struct env *env, const struct words *w)
{
    struct identity_event e = {.type = IDENTITY_ROTATE_ROOT};
    uint32_t n = identity_log_now(c->me->log)->rotations + 1;
    struct keyring_key *root, *old = c->root;

    TRY(open_words_key(w, LABEL_WORDS_NEXT_ROOT, n, w->ring, SPAN_LIT("root"), &root));
    memcpy(e.root, keyring_public(root).ptr, 32);
    enum err err =
        promise_of(w, LABEL_WORDS_NEXT_ROOT, LABEL_IDENTITY_NEXT_ROOT, n + 1, e.next_root);
    c->root = root;
    if (err == OK)
        err = account_event(c, env, &e);
    c->root = old;
    keyring_close(root);
    if (err != OK)
        return err;
    if (old != NULL)
        TRY(keyring_remove(c->ring, SPAN_LIT("root")));
    TRY(open_words_key(w, LABEL_WORDS_NEXT_ROOT, n, c->ring, SPAN_LIT("root"), &root));
    keyring_close(root);
    TRY(open_root(c)); /* conversations hold the installation's key: it stays where it is */
    return account_keep_ring(c, env);
}

enum err chat_rotate(struct chat *c, const struct env *env, struct span text)
{
    uint8_t entropy[KEYRING_WORDS_ENTROPY];
    struct keyring_words_fault fault;
    struct words w;
    struct card card;

    if (c->phase != CHAT_PHASE_READY)
        return ERR_REFUSED;
    if (!c->looked)
        return ERR_BUSY;
    TRY(keyring_words_to(text, entropy, &fault));
    enum err err = words_open(&w, entropy);
    wipe(entropy, sizeof entropy);
    TRY(err);
    err = words_account(&w, &card);
    if (err == OK && memcmp(card.account, c->self.account, 32) != 0)
        err = ERR_ARGUMENT; /* another account's words */
    step_open(c);
    if (err == OK)
        err = rotate_with(c, env, &w);
    words_close(&w);
    if (err == OK)
        journal_add(c, env,
                    &(struct happened){.kind = CHAT_EVENT_ROTATED, .account = c->self.account});
    if (err == OK)
        bundles_renew(c, env);
    enum err written = step_close(c, env);
    return err != OK ? err : written;
}
