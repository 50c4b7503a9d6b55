#include "node/chat/intro/inbox.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Any bytes as an invite for a prekey of ours: it decodes or not, and never opens by chance.
 * And as what an inbox has stored. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t account[ACCOUNT_ID_BYTES], secret[PREKEY_SECRET_BYTES];
    struct invite_sealed sealed;
    struct invite invite;
    struct buf keep = BUF_INIT(INVITE_BYTES_MAX);
    uint8_t hash[32];
    struct inbox *inbox;

    if (invite_decode(span_of(data, len), &sealed) == OK)
        for (size_t i = 0; i < sealed.count; i++)
            assert(invite_open(&sealed,
                               &(struct invite_key){account, sealed.recipients[i].prekey_id,
                                                    SPAN_ARRAY(secret)},
                               1, &keep, &invite, hash) != OK);
    if (inbox_load(span_of(data, len), &inbox) == OK)
        inbox_free(inbox);
    buf_clear(&keep);
    return 0;
}
