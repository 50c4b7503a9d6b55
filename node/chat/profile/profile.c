/* Ourselves in MLS's words, founding, and what every commit has. */
#include "node/chat/profile/profile.h"

/* ---- ourselves ---- */

static enum err sign(void *ctx, struct span message, uint8_t *sig, size_t *sig_len)
{
    const struct profile_us *us = ctx;

    *sig_len = ED25519_SIGNATURE_BYTES;
    return keyring_sign(us->key, message, sig);
}

/* The two suites we use, our group context extension, key packages of last resort, basic. */
static struct mls_capabilities capabilities(void)
{
    static const uint8_t versions[] = {0, MLS_VERSION_10},
                         credentials[] = {0, MLS_CREDENTIAL_BASIC},
                         suites[] = {MLS_SUITE_X25519_CHACHA >> 8, MLS_SUITE_X25519_CHACHA & 0xff,
                                     MLS_SUITE_XWING >> 8, MLS_SUITE_XWING & 0xff},
                         extensions[] = {PROFILE_LAST_RESORT >> 8, PROFILE_LAST_RESORT & 0xff,
                                         PROFILE_EXTENSION >> 8, PROFILE_EXTENSION & 0xff};
    return (struct mls_capabilities){.versions = SPAN_ARRAY(versions),
                                     .cipher_suites = SPAN_ARRAY(suites),
                                     .extensions = SPAN_ARRAY(extensions),
                                     .credentials = SPAN_ARRAY(credentials)};
}

enum err profile_us_init(struct profile_us *us, const struct keyring_key *key,
                         const struct identity *id, uint64_t now_s)
{
    *us = (struct profile_us){.key = key, .bytes = BUF_INIT(PROFILE_CREDENTIAL_BYTES_MAX)};
    struct span pub = keyring_public(key);
    if (pub.len != sizeof us->credential.key || !identity_has(id, pub.ptr, NULL))
        return ERR_ARGUMENT;
    us->signer = (struct mls_signer){pub, sign, us};
    memcpy(us->credential.account, id->account, sizeof us->credential.account);
    memcpy(us->credential.key, pub.ptr, sizeof us->credential.key);
    us->credential.seq = id->seq;
    memcpy(us->credential.head, id->head, sizeof us->credential.head);
    TRY(profile_credential_encode(&us->credential, &us->bytes));
    us->client = (struct mls_client){
        .credential = {MLS_CREDENTIAL_BASIC, buf_span(&us->bytes)},
        .capabilities = capabilities(),
        .not_before = now_s < PROFILE_CLOCKS_APART_S ? 0 : now_s - PROFILE_CLOCKS_APART_S,
        .not_after = now_s + PROFILE_PACKAGE_LIFE_S};
    return OK;
}

void profile_us_clear(struct profile_us *us)
{
    buf_clear(&us->bytes);
}

struct mls_world profile_world(const struct profile_us *us, struct policy *p, struct rng *rng,
                               uint64_t now_s)
{
    return (struct mls_world){.rng = rng,
                              .signer = &us->signer,
                              .now_s = now_s,
                              .lifetime_max_s = PROFILE_PACKAGE_LIFE_S + PROFILE_CLOCKS_APART_S,
                              .private_only = true,
                              .ctx = p,
                              .credential = policy_credential,
                              .proposal = policy_proposal,
                              .commit = policy_commit};
}

enum err profile_package(const struct profile_us *us, const struct mls_world *w, uint16_t suite,
                         struct mls_package_keys *keys, struct buf *out)
{
    struct buf list = BUF_INIT(16);
    struct writer e = writer_to(&list);
    const struct mls_suite *s = mls_suite(suite);

    if (s == NULL)
        return ERR_ARGUMENT;
    mls_write_extension(&e, PROFILE_LAST_RESORT, SPAN_EMPTY);
    enum err err = writer_status(&e);
    if (err == OK)
        err = mls_key_package_new(w, s, &us->client, buf_span(&list), keys, out);
    buf_clear(&list);
    return err;
}

enum err profile_package_read(struct span package, uint16_t suite, uint64_t now_s,
                              struct profile_credential *out)
{
    struct mls_key_package k;
    struct reader r = reader_of(package);
    struct mls_leaf_rules rules = {.suite = mls_suite(suite),
                                   .now_s = now_s,
                                   .lifetime_max_s =
                                       PROFILE_PACKAGE_LIFE_S + PROFILE_CLOCKS_APART_S};

    if (package.len > PROFILE_PACKAGE_BYTES_MAX || rules.suite == NULL)
        return ERR_FORMAT;
    mls_read_key_package(&r, &k);
    if (mls_read_end(&r) != OK)
        return ERR_FORMAT;
    TRY(mls_key_package_check(&k, &rules));
    if (!mls_u16s_have(k.leaf.capabilities.extensions, PROFILE_EXTENSION))
        return ERR_FORMAT;
    return profile_credential_of(&k.leaf, out);
}

/* ---- beginning ---- */

static bool fits(const struct profile_us *us, const struct profile_data *data)
{
    const struct profile_rules *rules = profile_rules(data->type);

    if (rules == NULL)
        return false;
    return rules->roles ? profile_data_role(data, us->credential.account) == PROFILE_OWNER
                        : profile_data_lists(data, us->credential.account);
}

enum err profile_found(const struct profile_us *us, const struct mls_world *w,
                       const struct profile_data *data, struct mls_group **out)
{
    struct buf extensions = BUF_INIT(PROFILE_DATA_BYTES_MAX + 16);
    uint8_t id[GROUP_ID_BYTES];

    if (!fits(us, data))
        return ERR_ARGUMENT;
    rng_fill(w->rng, id, sizeof id);
    enum err err = profile_data_extensions(data, &extensions);
    if (err == OK)
        err = mls_group_new(w, mls_suite(profile_rules(data->type)->suite), &us->client,
                            SPAN_ARRAY(id), buf_span(&extensions), out);
    buf_clear(&extensions);
    return err;
}

bool profile_leaf_is_old(const struct profile_us *us, const struct mls_group *g)
{
    struct profile_credential c;

    return policy_member(mls_group_tree(g), mls_group_own_leaf(g), &c) != OK ||
           c.seq != us->credential.seq || memcmp(c.key, us->credential.key, sizeof c.key) != 0 ||
           memcmp(c.head, us->credential.head, sizeof c.head) != 0;
}

struct mls_commit_options profile_commit_options(const struct profile_us *us,
                                                 const struct mls_group *g, struct span proposals,
                                                 struct span evidence)
{
    struct mls_commit_options o = {.proposals = proposals,
                                   .waiting_max = PROFILE_WAITING_MAX,
                                   .with_path = true,
                                   .send = {.authenticated_data = evidence}};

    if (profile_leaf_is_old(us, g)) {
        o.client = &us->client;
        o.signer = &us->signer;
    }
    return o;
}

bool profile_direct_stays(const uint8_t one[32], const uint8_t two[32],
                          const uint8_t a[GROUP_ID_BYTES], const uint8_t b[GROUP_ID_BYTES])
{
    bool rising = memcmp(one, two, ACCOUNT_ID_BYTES) < 0;
    struct span parts[3] = {span_of(rising ? one : two, ACCOUNT_ID_BYTES),
                            span_of(rising ? two : one, ACCOUNT_ID_BYTES),
                            span_of(a, GROUP_ID_BYTES)};
    uint8_t of_a[SHA256_BYTES], of_b[SHA256_BYTES];

    label_hash(LABEL_GROUP_PAIR, parts, 3, of_a);
    parts[2] = span_of(b, GROUP_ID_BYTES);
    label_hash(LABEL_GROUP_PAIR, parts, 3, of_b);
    return memcmp(of_a, of_b, sizeof of_a) < 0;
}

/* ---- keys and addresses ---- */

static enum err export(const struct mls_group *g, enum label label, uint8_t out[32]) {
    return mls_group_export(g, label_text(label), SPAN_EMPTY, out, 32);
}

enum err profile_envelope_keys(const struct mls_group *g, struct envelope_keys *out)
{
    TRY(export(g, LABEL_ENVELOPE_HEADER, out->header));
    return export(g, LABEL_ENVELOPE_KEY, out->body);
}

enum err profile_door_secret(const struct mls_group *g, uint8_t out[32])
{
    return export(g, LABEL_GROUP_DOOR, out);
}

enum err profile_address_begin(const struct mls_group *g, struct profile_address *out)
{
    *out = (struct profile_address){0};
    return export(g, LABEL_ENVELOPE_ADDRESS, out->now);
}

enum err profile_address_turn(struct profile_address *a, const struct mls_group *g, uint64_t week)
{
    uint8_t fresh[32];

    TRY(export(g, LABEL_ENVELOPE_ADDRESS, fresh));
    if (a->next_from != 0 && week >= a->next_from)
        memcpy(a->now, a->next, sizeof a->now);
    else if (a->next_from > week)
        week = a->next_from - 1; /* clocks differ: never earlier than what is due */
    memcpy(a->next, fresh, sizeof a->next);
    a->next_from = week + 1;
    return OK;
}

uint8_t profile_address_bucket(const struct profile_address *a, uint64_t week)
{
    return envelope_bucket(a->next_from != 0 && week >= a->next_from ? a->next : a->now, week);
}

size_t profile_address_listen(const struct profile_address *a, uint64_t now_s, uint8_t out[2])
{
    uint64_t week = now_s / PROFILE_WEEK_S;

    out[0] = profile_address_bucket(a, week);
    if (week == 0 || now_s % PROFILE_WEEK_S >= PROFILE_OVERLAP_S)
        return 1;
    out[1] = profile_address_bucket(a, week - 1);
    return out[1] == out[0] ? 1 : 2;
}
