/* Our cards: by which of them we can be found, and making and revoking private links. */
#include "crypto/base/wipe.h"
#include "node/chat/self.h"

static struct row_key link_key(uint64_t n)
{
    uint8_t be[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    return row_key_of(SPAN_ARRAY(be), SPAN_EMPTY, SPAN_EMPTY);
}

static void with_hints(const struct chat *c, struct card *card)
{
    for (size_t i = 0; i < c->hints_count; i++)
        card->hints[i] = buf_span(&c->hints[i]);
    card->hints_count = c->hints_count;
}

static struct card open_card(const struct chat *c)
{
    struct card card = {0};
    memcpy(card.account, c->self.account, sizeof card.account);
    return card;
}

/* The next link behind *key. */
static bool next_link(struct chat *c, struct vault_key *key, struct card *card)
{
    struct buf value = BUF_INIT(64);
    bool there = vault_next(c->vault, VAULT_T_LINKS, SPAN_EMPTY, key, &value) == OK &&
                 value.len == CARD_SECRET_BYTES;
    if (there) {
        *card = open_card(c);
        card->private_link = true;
        memcpy(card->secret, value.ptr, CARD_SECRET_BYTES);
    }
    buf_clear(&value);
    return there;
}

size_t cards_ours(struct chat *c, struct card *out, size_t max)
{
    struct vault_key key = {0};
    size_t count = 0;
    assert(max >= 2);
    out[count] = open_card(c);
    out[count].private_link = true;
    memcpy(out[count++].secret, c->words_secret, CARD_SECRET_BYTES);
    if (c->policy != CHAT_POLICY_LINKS)
        out[count++] = open_card(c);
    while (count < max && next_link(c, &key, &out[count]))
        count++;
    return count;
}

const struct own_address *cards_addresses(struct chat *c, size_t *count)
{
    struct card cards[CHAT_ADDRESSES_MAX];
    if (c->ours_count == 0) {
        c->ours_count = cards_ours(c, cards, CHAT_ADDRESSES_MAX);
        for (size_t i = 0; i < c->ours_count; i++)
            c->ours[i] = (struct own_address){cards[i], card_bucket(&cards[i])};
        wipe(cards, sizeof cards);
    }
    *count = c->ours_count;
    return c->ours;
}

/* The row of the link with this secret. */
static bool find_link(struct chat *c, const uint8_t secret[CARD_SECRET_BYTES],
                      struct vault_key *key)
{
    struct card at;
    *key = (struct vault_key){0};
    while (next_link(c, key, &at))
        if (memcmp(at.secret, secret, sizeof at.secret) == 0)
            return true;
    return false;
}

static enum err add_link(struct chat *c, const struct env *env,
                         const uint8_t secret[CARD_SECRET_BYTES])
{
    struct buf value = BUF_INIT(64);
    struct row_key key = link_key(c->links_next);
    if (c->links_count >= CHAT_LINKS_MAX)
        return ERR_FULL;
    TRY(buf_append(&value, span_of(secret, CARD_SECRET_BYTES)));
    step_put(c, VAULT_T_LINKS, row_span(&key), &value);
    buf_clear(&value);
    c->links_next++;
    c->links_count++;
    settings_save(c);
    bundles_renew(c, env);
    network_listen(c);
    return OK;
}

static void drop_link(struct chat *c, const struct env *env, const struct vault_key *key)
{
    step_put(c, VAULT_T_LINKS, span_of(key->bytes, key->len), NULL);
    c->links_count--;
    bundles_renew(c, env);
    network_listen(c);
}

enum err cards_link(struct chat *c, const struct env *env, const uint8_t secret[CARD_SECRET_BYTES],
                    bool there)
{
    struct vault_key key;
    bool here = find_link(c, secret, &key);
    if (here && !there)
        drop_link(c, env, &key);
    return !here && there ? add_link(c, env, secret) : OK;
}

static void decide_link(struct chat *c, const struct env *env,
                        const uint8_t secret[CARD_SECRET_BYTES], bool there)
{
    const uint8_t packed[1] = {there}; /* the number 0 or 1 */
    self_decide(c, env, DECISION_LINK, span_of(secret, CARD_SECRET_BYTES), SPAN_ARRAY(packed));
}

enum err chat_card(struct chat *c, const struct env *env, bool private_link,
                   char out[CHAT_CARD_TEXT_MAX])
{
    struct card card = open_card(c);

    if (c->phase != CHAT_PHASE_READY)
        return ERR_REFUSED;
    with_hints(c, &card);
    if (!private_link)
        return card_text(&card, out);
    card.private_link = true;
    rng_fill(env->rng, card.secret, sizeof card.secret);
    TRY(add_link(c, env, card.secret));
    decide_link(c, env, card.secret, true);
    TRY(step_close(c, env));
    return card_text(&card, out);
}

bool chat_links(struct chat *c, size_t *cursor, char out[CHAT_CARD_TEXT_MAX])
{
    struct vault_key key = {0};
    struct card card;
    for (size_t i = 0; i <= *cursor; i++)
        if (!next_link(c, &key, &card))
            return false;
    ++*cursor;
    with_hints(c, &card);
    return card_text(&card, out) == OK;
}

enum err chat_unlink(struct chat *c, const struct env *env, struct span text)
{
    struct vault_key key;
    struct card card;
    struct buf keep = BUF_INIT(CARD_BYTES_MAX);
    enum err err = card_parse(text, &card, &keep);
    buf_clear(&keep);
    TRY(err);
    if (!card.private_link || !find_link(c, card.secret, &key))
        return ERR_NOT_FOUND;
    drop_link(c, env, &key);
    decide_link(c, env, card.secret, false);
    return step_close(c, env);
}

void cards_load(struct chat *c)
{
    struct vault_key key = {0};
    struct card card;
    for (c->links_count = 0; next_link(c, &key, &card);)
        c->links_count++;
}

enum err chat_card_hints(struct span text, struct buf *keep, struct span *hints, size_t max,
                         size_t *count)
{
    struct card card;
    TRY(card_parse(text, &card, keep));
    *count = card.hints_count < max ? card.hints_count : max;
    for (size_t i = 0; i < *count; i++)
        hints[i] = card.hints[i];
    return OK;
}

enum err chat_set_policy(struct chat *c, const struct env *env, enum chat_policy policy)
{
    if ((unsigned)policy > CHAT_POLICY_GROUPS)
        return ERR_ARGUMENT;
    step_open(c);
    c->policy = policy;
    settings_save(c);
    bundles_renew(c, env);
    network_listen(c);
    self_decided(c, env, DECISION_POLICY, SPAN_EMPTY);
    return step_close(c, env);
}

enum err chat_set_receipts(struct chat *c, const struct env *env, bool on)
{
    step_open(c);
    c->receipts = on;
    settings_save(c);
    talks_set_receipts(c, on);
    self_decided(c, env, DECISION_RECEIPTS, SPAN_EMPTY);
    return step_close(c, env);
}
