/* People who write entries: keys of an account and its installations, ready to sign. */
#pragma once

#include "node/chat/delivery/content.h"
#include "tests/lib/testing.h"

struct talker {
    struct keyring *ring;
    struct keyring_key *key;
    struct entry_author author;
};

#define TALK_CONVERSATION SPAN_LIT("conversation 1")

/* Installation `device` of account number `account`: keys are functions of the numbers. */
static inline void talker_init(struct talker *p, uint8_t account, uint8_t device)
{
    uint8_t seed[32] = {account, device, 7};

    memset(p->author.account, 0x40 + account, sizeof p->author.account);
    assert_ok(keyring_new(&p->ring));
    assert_ok(keyring_add(p->ring, SPAN_LIT("i"), KEYRING_ED25519, KEYRING_MAY_SIGN_LABEL, seed));
    assert_ok(keyring_open(p->ring, SPAN_LIT("i"), KEYRING_MAY_SIGN_LABEL, &p->key));
    memcpy(p->author.installation, keyring_public(p->key).ptr, 32);
}

static inline void talker_clear(struct talker *p)
{
    keyring_close(p->key);
    keyring_free(p->ring);
}

static inline void talk_text(struct buf *out, const char *text)
{
    buf_reset(out);
    assert_ok(content_encode(&(struct content){.tag = CONTENT_TEXT, .text = span_str(text)}, out));
}

/* Sign an entry whose lamport and parents are filled in; append it to `out`. */
static inline struct entry_id talk_sign(const struct talker *p, struct entry *e, struct buf *out)
{
    struct entry_id id;

    assert_ok(entry_sign(e, TALK_CONVERSATION, &p->author, p->key));
    assert_ok(entry_id_of(e, TALK_CONVERSATION, &p->author, &id));
    assert_ok(entry_encode(e, out));
    return id;
}
