#include "node/chat/profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Every object of the profile. Whatever is read as group data is written again byte for byte; a
 * credential and heads are when they hold no extensions, which ours never do. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct buf again = BUF_INIT(1u << 16);
    struct profile_credential c;
    struct profile_data d;
    struct profile_heads h;

    if (profile_data_decode(in, &d) == OK) {
        assert(profile_data_encode(&d, &again) == OK);
        assert(span_eq(buf_span(&again), in));
    }
    buf_reset(&again);
    if (profile_credential_decode(in, &c) == OK)
        assert(profile_credential_encode(&c, &again) == OK && again.len <= len);
    buf_reset(&again);
    if (profile_heads_decode(in, &h) == OK)
        assert(profile_heads_encode(&h, &again) == OK && again.len <= len);
    struct evidence e;
    if (evidence_decode(in, &e) == OK)
        (void)evidence_identity(&e, (const uint8_t[32]){1});
    evidence_clear(&e);
    struct profile_welcome blob;
    if (profile_welcome_read(in, &blob) == OK)
        assert(blob.logs_count > 0 && blob.welcome.len > 0);
    profile_welcome_clear(&blob);
    (void)profile_package_read(in, MLS_SUITE_XWING, 0, &c);
    buf_clear(&again);
    return 0;
}
