/* Pairing: offer, proposal, reply, finish. */
#include "node/chat/profile/pairing.h"

#include "crypto/base/wipe.h"

#define PREFIX "sottopair"

/* ---- the offer ---- */

void pair_offer_make(struct pair_offer *out, const struct keyring_key *key, struct rng *rng)
{
    assert(keyring_public(key).len == sizeof out->key);
    memcpy(out->key, keyring_public(key).ptr, sizeof out->key);
    rng_fill(rng, out->secret, sizeof out->secret);
    rng_fill(rng, out->nonce, sizeof out->nonce);
}

enum err pair_offer_text(const struct pair_offer *offer, char out[PAIR_TEXT_MAX])
{
    struct buf bytes = BUF_INIT(PAIR_OFFER_MAX);
    struct pack_writer w = profile_begin(&bytes, PROFILE_OBJECT_PAIR_OFFER, 3);

    pack_write_bin(&w, SPAN_ARRAY(offer->key));
    pack_write_bin(&w, SPAN_ARRAY(offer->secret));
    pack_write_bin(&w, SPAN_ARRAY(offer->nonce));
    enum err err = profile_end(&w);
    if (err == OK)
        bech32m_encode(PREFIX, buf_span(&bytes), out);
    buf_clear(&bytes);
    return err;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum err pair_offer_parse(struct span text, struct pair_offer *out)
{
    uint8_t bytes[PAIR_OFFER_MAX];
    struct pack_reader r;
    size_t len;

    *out = (struct pair_offer){0};
    while (text.len > 0 && is_blank(text.ptr[0]))
        text = span_after(text, 1);
    while (text.len > 0 && is_blank(text.ptr[text.len - 1]))
        text.len--;
    TRY(bech32m_decode(PREFIX, text, bytes, sizeof bytes, &len));
    enum err err = profile_open(span_of(bytes, len), PROFILE_OBJECT_PAIR_OFFER, 3, &r);
    if (err == OK) {
        pack_read_fixed(&r, out->key, sizeof out->key);
        pack_read_fixed(&r, out->secret, sizeof out->secret);
        pack_read_fixed(&r, out->nonce, sizeof out->nonce);
        err = profile_close(&r);
    }
    wipe(bytes, sizeof bytes);
    return err;
}

static void derive(const struct pair_offer *offer, const char *use, uint8_t *out, size_t len)
{
    uint8_t context[PAIR_NONCE_BYTES + 16] = {0};
    size_t used = strlen(use);

    memcpy(context, offer->nonce, PAIR_NONCE_BYTES);
    memcpy(context + PAIR_NONCE_BYTES, use, used);
    label_derive(LABEL_PAIR_SEAL, SPAN_ARRAY(offer->secret),
                 span_of(context, PAIR_NONCE_BYTES + used), out, len);
}

void pair_keys(const struct pair_offer *offer, struct envelope_keys *to_device,
               struct envelope_keys *to_keeper, uint8_t *bucket)
{
    derive(offer, "device header", to_device->header, sizeof to_device->header);
    derive(offer, "device body", to_device->body, sizeof to_device->body);
    derive(offer, "keeper header", to_keeper->header, sizeof to_keeper->header);
    derive(offer, "keeper body", to_keeper->body, sizeof to_keeper->body);
    derive(offer, "bucket", bucket, 1);
}

/* ---- six words ---- */

/* The first six of the 24 words of the hash of everything that both sides must agree in. */
static enum err six_words(const struct pair_offer *offer, const uint8_t account[32],
                          const struct identity_event *event, char out[PAIR_WORDS_MAX])
{
    uint8_t hash[32], event_hash[32];
    char all[KEYRING_WORDS_TEXT_MAX];
    size_t end = 0;

    TRY(identity_event_hash(event, account, event_hash));
    const struct span parts[] = {span_of(account, 32), SPAN_ARRAY(offer->key),
                                 SPAN_ARRAY(offer->secret), SPAN_ARRAY(offer->nonce),
                                 SPAN_ARRAY(event_hash)};
    label_hash(LABEL_PAIR_WORDS, parts, sizeof parts / sizeof *parts, hash);
    keyring_words_from(hash, all);
    for (unsigned n = 0; n < PAIR_WORDS; n++)
        end += strcspn(all + end, " ") + 1;
    memcpy(out, all, end - 1);
    out[end - 1] = '\0';
    wipe(all, sizeof all);
    return OK;
}

/* ---- keeper: the proposal ---- */

static enum err fill_in(const struct pair_offer *offer, const struct identity *now,
                        const struct keyring_key *root, struct identity_event *event)
{
    if (now->status != IDENTITY_ALIVE)
        return ERR_REFUSED;
    if (identity_has(now, offer->key, NULL))
        return ERR_EXISTS;
    if (now->installations.count == IDENTITY_INSTALLATIONS_MAX)
        return ERR_LIMIT;
    event->type = IDENTITY_INSTALL_ADD;
    event->seq = now->seq + 1;
    memcpy(event->prev, now->head, sizeof event->prev);
    memcpy(event->installation, offer->key, sizeof event->installation);
    memset(event->signatures, 0, sizeof event->signatures);
    return identity_event_sign(event, now->account, IDENTITY_SIGNER_ROOT, root);
}

static enum err write_two(enum profile_object type, struct span a, struct span b, struct buf *out)
{
    struct pack_writer w = profile_begin(out, type, 2);

    pack_write_bin(&w, a);
    pack_write_bin(&w, b);
    return profile_end(&w);
}

static enum err read_two(struct span in, enum profile_object type, size_t a_max, size_t b_max,
                         struct span *a, struct span *b)
{
    struct pack_reader r;

    TRY(profile_open(in, type, 2, &r));
    *a = pack_read_bin(&r, 1, a_max);
    *b = pack_read_bin(&r, 1, b_max);
    return profile_close(&r);
}

enum err pair_propose(const struct pair_offer *offer, const struct identity_log *log,
                      const struct keyring_key *root, struct identity_event *event,
                      char words[PAIR_WORDS_MAX], struct buf *out)
{
    struct buf sent = BUF_INIT(IDENTITY_SENT_BYTES_MAX), bytes = BUF_INIT(IDENTITY_EVENT_BYTES_MAX);

    TRY(fill_in(offer, identity_log_now(log), root, event));
    TRY(six_words(offer, identity_log_now(log)->account, event, words));
    enum err err = identity_log_write(log, &sent);
    if (err == OK)
        err = identity_event_encode(event, &bytes);
    if (err == OK)
        err = write_two(PROFILE_OBJECT_PAIR_PROPOSAL, buf_span(&sent), buf_span(&bytes), out);
    buf_clear(&sent);
    buf_clear(&bytes);
    return err;
}

/* ---- device: the reply ---- */

void pair_replied_clear(struct pair_replied *r)
{
    identity_log_free(r->log);
    buf_clear(&r->package);
    buf_clear(&r->message);
    wipe(r, sizeof *r);
}

/* The proposed event, signed by us too, at the end of the log. */
static enum err join_log(const struct pair_offer *offer, const struct keyring_key *key,
                         struct span proposed, struct pair_replied *out, struct buf *event_bytes)
{
    struct identity_event event;
    const struct identity *now = identity_log_now(out->log);

    TRY(identity_event_decode(proposed, &event));
    if (event.type != IDENTITY_INSTALL_ADD ||
        memcmp(event.installation, offer->key, sizeof event.installation) != 0)
        return ERR_PROTOCOL;
    TRY(identity_event_sign(&event, now->account, IDENTITY_SIGNER_INSTALLATION, key));
    TRY(identity_event_encode(&event, event_bytes));
    TRY(six_words(offer, now->account, &event, out->words));
    return identity_log_append(out->log, buf_span(event_bytes));
}

static enum err make_package(const struct keyring_key *key, struct rng *rng, uint64_t now_s,
                             struct pair_replied *out)
{
    struct profile_us us;
    struct policy policy;

    policy_init(&policy);
    enum err err = profile_us_init(&us, key, identity_log_now(out->log), now_s);
    if (err == OK) {
        struct mls_world w = profile_world(&us, &policy, rng, now_s);
        err = profile_package(&us, &w, MLS_SUITE_XWING, &out->keys, &out->package);
    }
    profile_us_clear(&us);
    policy_clear(&policy);
    return err;
}

static enum err reply(const struct pair_offer *offer, const struct keyring_key *key,
                      struct span proposal, struct rng *rng, uint64_t now_s,
                      struct pair_replied *out)
{
    struct buf event = BUF_INIT(IDENTITY_EVENT_BYTES_MAX);
    struct span log, proposed;

    TRY(read_two(proposal, PROFILE_OBJECT_PAIR_PROPOSAL, IDENTITY_SENT_BYTES_MAX,
                 IDENTITY_EVENT_BYTES_MAX, &log, &proposed));
    TRY(identity_log_read(log, &out->log));
    enum err err = join_log(offer, key, proposed, out, &event);
    if (err == OK)
        err = make_package(key, rng, now_s, out);
    if (err == OK)
        err = write_two(PROFILE_OBJECT_PAIR_REPLY, buf_span(&event), buf_span(&out->package),
                        &out->message);
    buf_clear(&event);
    return err;
}

enum err pair_reply(const struct pair_offer *offer, const struct keyring_key *key,
                    struct span proposal, struct rng *rng, uint64_t now_s, struct pair_replied *out)
{
    *out = (struct pair_replied){.package = BUF_INIT(PROFILE_PACKAGE_BYTES_MAX),
                                 .message = BUF_INIT(ENVELOPE_BYTES_MAX)};
    enum err err = reply(offer, key, proposal, rng, now_s, out);
    if (err != OK)
        pair_replied_clear(out);
    return err;
}

/* ---- keeper: done ---- */

enum err pair_accept(const struct pair_offer *offer, const struct identity_event *event,
                     struct span reply, uint64_t now_s, struct identity_log *log,
                     struct span *package)
{
    const struct identity *now = identity_log_now(log);
    struct profile_credential c;
    struct identity_event got;
    uint8_t ours[32], theirs[32];
    struct span bytes;

    TRY(read_two(reply, PROFILE_OBJECT_PAIR_REPLY, IDENTITY_EVENT_BYTES_MAX,
                 PROFILE_PACKAGE_BYTES_MAX, &bytes, package));
    TRY(identity_event_decode(bytes, &got));
    TRY(identity_event_hash(event, now->account, ours));
    TRY(identity_event_hash(&got, now->account, theirs));
    if (memcmp(ours, theirs, sizeof ours) != 0)
        return ERR_PROTOCOL; /* not the event that we proposed */
    TRY(profile_package_read(*package, MLS_SUITE_XWING, now_s, &c));
    if (memcmp(c.account, now->account, sizeof c.account) != 0 ||
        memcmp(c.key, offer->key, sizeof c.key) != 0 || c.seq != event->seq ||
        memcmp(c.head, theirs, sizeof c.head) != 0)
        return ERR_PROTOCOL;
    return identity_log_append(log, bytes);
}

enum err pair_finish(const struct identity_log *log, struct span blob, struct buf *out)
{
    struct buf sent = BUF_INIT(IDENTITY_SENT_BYTES_MAX);

    enum err err = identity_log_write(log, &sent);
    if (err == OK)
        err = write_two(PROFILE_OBJECT_PAIR_FINISH, buf_span(&sent), blob, out);
    buf_clear(&sent);
    return err;
}

enum err pair_finished(struct span finish, struct identity_log **log, struct span *blob)
{
    struct span sent;

    TRY(read_two(finish, PROFILE_OBJECT_PAIR_FINISH, IDENTITY_SENT_BYTES_MAX, WELCOME_BYTES_MAX,
                 &sent, blob));
    return identity_log_read(sent, log);
}
