/* When an installation lays out its bundles, how long the private halves live, and behind which
 * buckets a look-up hides: all of it fixed by a secret of the installation, nothing by what is sent
 * to it or by when it is online.
 *
 * Pure functions. @source CHAT.md 3; docs/protocol/intro.md
 */
#pragma once

#include "node/chat/intro/bundle.h"

#define TIMETABLE_SECRET_BYTES 32u

/** The minute of the day (UTC), 0..1439, at which a bundle is published at this address. Another
 * one for each installation and address, so that two addresses cannot be seen to be one account's.
 *
 * @param secret  random, stored, of this installation (in)
 */
unsigned timetable_minute(const uint8_t secret[TIMETABLE_SECRET_BYTES], const struct card *card);

/** The first time after now_s at that minute, in seconds since 1970. */
uint64_t timetable_next(unsigned minute, uint64_t now_s);

/** The buckets of a look-up at an address, in rising order: the one that is meant and others, the
 * same ones every time, because what changes around the one that stays would name it. */
void timetable_cover(const uint8_t secret[TIMETABLE_SECRET_BYTES], const struct card *card,
                     uint8_t out[LOOKUP_BUCKETS]);

struct prekey_life { /* seconds since 1970 */
    uint64_t issued_s;
    uint64_t replaced_s; /* when a successor had been published at every address; 0: not yet */
};

/** When the private half dies: PREKEY_AFTER_S after its successor was published, if the inbox was
 * read from two stores up to then, at the latest PREKEY_LIFE_S after it was made.
 *
 * @param read_s  the inbox was read from two stores without a gap up to here (in)
 */
uint64_t prekey_dies_at(const struct prekey_life *life, uint64_t read_s);
