#include "node/chat/intro/timetable.h"

#include "crypto/prim/labels.h"

#define MINUTES 1440u

static void derive(enum label label, const uint8_t *secret, const struct card *card, uint8_t *out,
                   size_t len)
{
    uint8_t context[ACCOUNT_ID_BYTES + CARD_SECRET_BYTES];

    memcpy(context, card->account, ACCOUNT_ID_BYTES);
    memcpy(context + ACCOUNT_ID_BYTES, card->secret, CARD_SECRET_BYTES);
    label_derive(label, span_of(secret, TIMETABLE_SECRET_BYTES), SPAN_ARRAY(context), out, len);
}

unsigned timetable_minute(const uint8_t secret[TIMETABLE_SECRET_BYTES], const struct card *card)
{
    uint8_t out[4];

    derive(LABEL_INTRO_MINUTE, secret, card, out, sizeof out);
    return ((unsigned)out[0] << 24 | (unsigned)out[1] << 16 | (unsigned)out[2] << 8 | out[3]) %
           MINUTES;
}

uint64_t timetable_next(unsigned minute, uint64_t now_s)
{
    uint64_t at = now_s / INTRO_EVERY_S * INTRO_EVERY_S + 60u * (uint64_t)minute;

    assert(minute < MINUTES);
    return at > now_s ? at : at + INTRO_EVERY_S;
}

static bool has(const uint8_t *list, size_t count, uint8_t bucket)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == bucket)
            return true;
    return false;
}

void timetable_cover(const uint8_t secret[TIMETABLE_SECRET_BYTES], const struct card *card,
                     uint8_t out[LOOKUP_BUCKETS])
{
    uint8_t others[256]; /* of 256 random bytes hardly ever fewer than 100 differ */
    size_t count = 1;

    derive(LABEL_INTRO_COVER, secret, card, others, sizeof others);
    out[0] = card_bucket(card);
    for (size_t i = 0; i < sizeof others && count < LOOKUP_BUCKETS; i++)
        if (!has(out, count, others[i]))
            out[count++] = others[i];
    for (unsigned b = 0; count < LOOKUP_BUCKETS; b++)
        if (!has(out, count, (uint8_t)b))
            out[count++] = (uint8_t)b;
    for (size_t i = 1; i < LOOKUP_BUCKETS; i++)
        for (size_t j = i; j > 0 && out[j - 1] > out[j]; j--) {
            uint8_t swap = out[j];
            out[j] = out[j - 1];
            out[j - 1] = swap;
        }
}

uint64_t prekey_dies_at(const struct prekey_life *life, uint64_t read_s)
{
    uint64_t last = life->issued_s + PREKEY_LIFE_S, after = life->replaced_s + PREKEY_AFTER_S;

    return life->replaced_s != 0 && after < last && read_s >= after ? after : last;
}
