/* Members of crypto/mls for another implementation to talk to: one command a line on stdin, one
 * answer a line on stdout. Bytes are hex, "-" is empty; messages are MLSMessages.
 *
 *     new ID SUITE              -> ok KEYPACKAGE
 *     create ID GROUP           -> ok AUTHENTICATOR
 *     join ID WELCOME TREE      -> ok AUTHENTICATOR LEAF
 *     info ID                   -> ok GROUPINFO          with tree and external_pub
 *     external ID INFO OLDLEAF  -> ok COMMIT AUTHENTICATOR LEAF          OLDLEAF: -, or resync
 *     commit ID PUBLIC PATH P.. -> ok COMMIT WELCOME AUTHENTICATOR       P: add:PACKAGE remove:LEAF
 * psk:ID propose ID PUBLIC P       -> ok MESSAGE                            P as above, or update
 *     receive ID MESSAGE        -> ok application LEAF TEXT | proposal | commit AUTHENTICATOR |
 * removed send ID TEXT              -> ok MESSAGE export ID LABEL CONTEXT   -> ok SECRET
 *
 * Anything that fails answers "error NAME". External PSKs: the key is the hash of the id.
 */
#include "tests/lib/mls_people.h"

#define PEOPLE_MAX 1024u
#define WORDS_MAX  256u

static struct person *people[PEOPLE_MAX];

struct line {
    char *words[WORDS_MAX];
    size_t count;
    struct buf bytes; /* of all hex arguments; reserved beforehand, so that spans stay valid */
};

static struct span hex_word(struct line *l, const char *word)
{
    size_t len = strlen(word) / 2;
    uint8_t *out;

    if (strcmp(word, "-") == 0)
        return SPAN_EMPTY;
    if (buf_extend(&l->bytes, len, &out) != OK || hex_decode(span_str(word), out) != OK)
        abort();
    return span_of(out, len);
}

static void put_hex(struct span s)
{
    static const char digits[] = "0123456789abcdef";

    putchar(' ');
    if (s.len == 0)
        putchar('-');
    for (size_t i = 0; i < s.len; i++) {
        putchar(digits[s.ptr[i] >> 4]);
        putchar(digits[s.ptr[i] & 15]);
    }
}

static enum err psk_of(void *ctx, const struct mls_psk_id *id, struct buf *out)
{
    uint8_t key[SHA256_BYTES];
    (void)ctx;

    if (id->type != MLS_PSK_EXTERNAL)
        return ERR_NOT_FOUND;
    sha256(id->id, key);
    return buf_append(out, SPAN_ARRAY(key));
}

static enum err new_person(struct line *l, size_t id)
{
    const struct mls_suite *s = mls_suite((uint16_t)strtoul(l->words[2], NULL, 0));
    struct buf out = BUF_INIT(1 << 20);
    struct writer w = writer_to(&out);

    if (s == NULL || people[id] != NULL)
        return ERR_ARGUMENT;
    people[id] = malloc(sizeof *people[id]);
    if (people[id] == NULL)
        return ERR_MEMORY;
    person_init(people[id], s, (uint32_t)id);
    people[id]->w.psk = psk_of;
    mls_write_message_head(&w, MLS_WIRE_KEY_PACKAGE);
    write_bytes(&w, buf_span(&people[id]->package));
    printf("ok");
    put_hex(buf_span(&out));
    buf_clear(&out);
    return writer_status(&w);
}

static void put_state(const struct person *p)
{
    put_hex(mls_group_epoch_authenticator(p->g));
    printf(" %u", mls_group_own_leaf(p->g));
}

static enum err create(struct line *l, struct person *p)
{
    struct mls_group *g;

    TRY(mls_group_new(&p->w, p->s, &p->client, hex_word(l, l->words[2]), SPAN_EMPTY, &g));
    person_adopt(p, g);
    printf("ok");
    put_hex(mls_group_epoch_authenticator(g));
    return OK;
}

static enum err join(struct line *l, struct person *p)
{
    struct mls_join j = {.welcome = hex_word(l, l->words[2]),
                         .key_package = buf_span(&p->package),
                         .keys = &p->keys};
    struct reader tree = reader_of(hex_word(l, l->words[3]));
    struct mls_group *g;

    if (tree.rest.len > 0)
        j.ratchet_tree = mls_read_vector(&tree);
    TRY(mls_group_join(&p->w, &j, &g));
    person_adopt(p, g);
    printf("ok");
    put_state(p);
    return OK;
}

static enum err info(struct person *p)
{
    struct buf out = BUF_INIT(1 << 26);

    TRY(mls_group_info(p->g, &p->w, true, true, &out));
    printf("ok");
    put_hex(buf_span(&out));
    buf_clear(&out);
    return OK;
}

static enum err external(struct line *l, struct person *p)
{
    struct mls_external_join j = {.group_info = hex_word(l, l->words[2]),
                                  .client = &p->client,
                                  .resync = strcmp(l->words[3], "-") != 0,
                                  .old_leaf = (uint32_t)strtoul(l->words[3], NULL, 10)};
    struct buf commit = BUF_INIT(1 << 26);
    struct mls_group *g;

    TRY(mls_group_join_external(&p->w, &j, &commit, &g));
    person_adopt(p, g);
    printf("ok");
    put_hex(buf_span(&commit));
    put_state(p);
    buf_clear(&commit);
    return OK;
}

/* One proposal in words, appended as bytes. */
static enum err proposal(struct line *l, struct person *p, char *word, struct buf *out)
{
    struct mls_message m;

    if (strncmp(word, "add:", 4) == 0) {
        TRY(mls_message_decode(hex_word(l, word + 4), &m));
        return mls_make_add(m.key_package.encoded, out);
    }
    if (strncmp(word, "remove:", 7) == 0)
        return mls_make_remove((uint32_t)strtoul(word + 7, NULL, 10), out);
    if (strncmp(word, "psk:", 4) == 0)
        return mls_make_psk_external(&p->w, p->s, hex_word(l, word + 4), out);
    return ERR_ARGUMENT;
}

static enum err commit(struct line *l, struct person *p)
{
    struct buf list = BUF_INIT(1 << 26);
    struct mls_commit_options o = {.send.public_message = l->words[2][0] == '1',
                                   .with_path = l->words[3][0] == '1'};
    struct mls_commit_out out;
    enum err err = OK;

    for (size_t i = 4; err == OK && i < l->count; i++)
        err = proposal(l, p, l->words[i], &list);
    o.proposals = buf_span(&list);
    if (err == OK)
        err = mls_commit(p->g, &p->w, &o, &out);
    buf_clear(&list);
    TRY(err);
    person_adopt(p, out.next);
    out.next = NULL;
    printf("ok");
    put_hex(buf_span(&out.commit));
    put_hex(buf_span(&out.welcome));
    put_hex(mls_group_epoch_authenticator(p->g));
    mls_commit_out_clear(&out);
    return OK;
}

static enum err propose(struct line *l, struct person *p)
{
    struct buf bytes = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
    struct mls_send how = {.public_message = l->words[2][0] == '1', .padding = 7};
    enum err err;

    if (strcmp(l->words[3], "update") == 0) {
        err = mls_propose_update(p->g, &p->w, NULL, NULL, &how, &out);
    } else {
        err = proposal(l, p, l->words[3], &bytes);
        if (err == OK)
            err = mls_propose(p->g, &p->w, buf_span(&bytes), &how, &out);
    }
    if (err == OK) {
        printf("ok");
        put_hex(buf_span(&out));
    }
    buf_clear(&bytes);
    buf_clear(&out);
    return err;
}

static enum err receive(struct line *l, struct person *p)
{
    struct mls_event e;

    TRY(mls_receive(p->g, &p->w, hex_word(l, l->words[2]), &e));
    switch (e.kind) {
    case MLS_EVENT_APPLICATION:
        printf("ok application %u", e.leaf);
        put_hex(buf_span(&e.data));
        break;
    case MLS_EVENT_PROPOSAL:
        printf("ok proposal");
        break;
    case MLS_EVENT_COMMIT:
        person_adopt(p, e.next);
        e.next = NULL;
        printf("ok commit");
        put_hex(mls_group_epoch_authenticator(p->g));
        break;
    case MLS_EVENT_REMOVED:
        person_adopt(p, NULL);
        printf("ok removed");
        break;
    }
    mls_event_clear(&e);
    return OK;
}

static enum err send_text(struct line *l, struct person *p)
{
    struct buf out = BUF_INIT(1 << 20);

    TRY(mls_encrypt(p->g, &p->w, hex_word(l, l->words[2]), NULL, &out));
    printf("ok");
    put_hex(buf_span(&out));
    buf_clear(&out);
    return OK;
}

static enum err export_secret(struct line *l, struct person *p)
{
    uint8_t out[32];

    TRY(mls_group_export(p->g, hex_word(l, l->words[2]), hex_word(l, l->words[3]), out,
                         sizeof out));
    printf("ok");
    put_hex(SPAN_ARRAY(out));
    return OK;
}

static enum err where(struct line *l, struct person *p)
{
    struct span identity = hex_word(l, l->words[2]);
    const struct mls_tree *t = mls_group_tree(p->g);

    for (uint32_t i = 0; mls_tree_next_member(t, i, &i); i++)
        if (span_eq(mls_tree_leaf(t, i)->node.credential.identity, identity)) {
            printf("ok %u", i);
            return OK;
        }
    return ERR_NOT_FOUND;
}

static enum err dispatch(struct line *l)
{
    size_t id = l->count > 1 ? strtoul(l->words[1], NULL, 10) : PEOPLE_MAX;
    const char *verb = l->words[0];

    if (id >= PEOPLE_MAX || (l->count < 3 && strcmp(verb, "info") != 0))
        return ERR_ARGUMENT;
    if (strcmp(verb, "new") == 0)
        return new_person(l, id);
    struct person *p = people[id];
    if (p == NULL)
        return ERR_NOT_FOUND;
    if (strcmp(verb, "create") == 0)
        return create(l, p);
    if (strcmp(verb, "join") == 0 && l->count == 4)
        return join(l, p);
    if (strcmp(verb, "external") == 0 && l->count == 4)
        return external(l, p);
    if (p->g == NULL)
        return ERR_NOT_FOUND;
    if (strcmp(verb, "info") == 0)
        return info(p);
    if (strcmp(verb, "commit") == 0 && l->count >= 4)
        return commit(l, p);
    if (strcmp(verb, "propose") == 0 && l->count == 4)
        return propose(l, p);
    if (strcmp(verb, "receive") == 0)
        return receive(l, p);
    if (strcmp(verb, "send") == 0)
        return send_text(l, p);
    if (strcmp(verb, "where") == 0)
        return where(l, p);
    return strcmp(verb, "export") == 0 && l->count == 4 ? export_secret(l, p) : ERR_ARGUMENT;
}

int main(void)
{
    char *text = NULL;
    size_t cap = 0;
    ssize_t len;

    while ((len = getline(&text, &cap, stdin)) > 0) {
        struct line l = {.bytes = BUF_INIT((size_t)1 << 28)};
        char *rest = NULL;
        if (buf_reserve(&l.bytes, (size_t)len) != OK)
            return 1;
        for (char *w = strtok_r(text, " \n", &rest); w != NULL && l.count < WORDS_MAX;
             w = strtok_r(NULL, " \n", &rest))
            l.words[l.count++] = w;
        enum err err = l.count == 0 ? ERR_ARGUMENT : dispatch(&l);
        if (err != OK)
            printf("error %s", mls_err_name(err));
        putchar('\n');
        fflush(stdout);
        buf_clear(&l.bytes);
    }
    free(text);
    for (size_t i = 0; i < PEOPLE_MAX; i++)
        if (people[i] != NULL) {
            person_clear(people[i]);
            free(people[i]);
        }
    return 0;
}
