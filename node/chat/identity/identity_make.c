/* Events of our own. */
#include "node/chat/identity/identity_log.h"

void identity_promise(enum label label, const uint8_t key[32], uint8_t out[32])
{
    struct span part = span_of(key, 32);

    label_hash(label, &part, 1, out);
}

enum err identity_words_key(const struct keyring_key *words, enum label label, uint32_t n,
                            uint8_t seed[32])
{
    uint8_t number[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

    return keyring_derive(words, label, SPAN_ARRAY(number), seed, 32);
}

static enum err sign(struct identity_event *e, const uint8_t account[32],
                     const struct identity_keys *keys)
{
    const enum identity_signer *signers = identity_signers(e->type);

    for (size_t i = 0; i < 2; i++) {
        const struct keyring_key *key = signers[i] == IDENTITY_SIGNER_ROOT ? keys->root
                                        : signers[i] == IDENTITY_SIGNER_INSTALLATION
                                            ? keys->installation
                                            : keys->recovery;
        if (signers[i] == IDENTITY_SIGNER_NONE)
            continue;
        if (key == NULL)
            return ERR_ARGUMENT;
        TRY(identity_event_sign(e, account, signers[i], key));
    }
    return OK;
}

static bool ends_a_freeze(enum identity_type type)
{
    return type == IDENTITY_ROTATE_ROOT || type == IDENTITY_RECOVER;
}

enum err identity_log_make(struct identity_log *log, struct identity_event *e,
                           const struct identity_keys *keys)
{
    const struct identity *now = identity_log_now(log);
    struct buf bytes = BUF_INIT(IDENTITY_EVENT_BYTES_MAX);

    if (log->count > 0 && now->status == IDENTITY_FROZEN && ends_a_freeze(e->type))
        TRY(log_rewind(log));
    e->seq = log->count == 0 ? 0 : now->seq + 1;
    memcpy(e->prev, now->head, 32);
    enum err err = sign(e, now->account, keys);
    if (err == OK)
        err = identity_event_encode(e, &bytes);
    if (err == OK)
        err = identity_log_append(log, buf_span(&bytes));
    buf_clear(&bytes);
    return err;
}
