/* Every decoder of crypto/mls: what decodes encodes to the same bytes, and nothing reads past its
 * input. First byte: which decoder. */
#include "crypto/mls/group_state.h"
#include "crypto/mls/x509.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds)
{
    if (!holds)
        abort();
}

#define ROUND_TRIP(type, read, write)                                                              \
    do {                                                                                           \
        struct type x;                                                                             \
        struct reader r = reader_of(in);                                                           \
        read(&r, &x);                                                                              \
        if (mls_read_end(&r) != OK)                                                                \
            break;                                                                                 \
        struct buf out = BUF_INIT(1 << 26);                                                        \
        struct writer w = writer_to(&out);                                                         \
        write(&w, &x);                                                                             \
        must(writer_status(&w) == OK && span_eq(buf_span(&out), in));                              \
        buf_clear(&out);                                                                           \
    } while (0)

static void message(struct span in)
{
    struct mls_message m;
    struct buf out = BUF_INIT(1 << 26);
    struct writer w = writer_to(&out);

    if (mls_message_decode(in, &m) != OK)
        return;
    mls_write_message(&w, &m);
    must(writer_status(&w) == OK && span_eq(buf_span(&out), in));
    buf_clear(&out);
}

static void tree(struct span in)
{
    struct mls_tree t;
    struct buf out = BUF_INIT(1 << 26);
    struct writer w = writer_to(&out);

    if (mls_tree_read(in, mls_suite(3), &t) != OK)
        return;
    mls_tree_write(&w, &t);
    must(writer_status(&w) == OK && span_eq(buf_span(&out), in));
    enum err err = mls_tree_check(&t);
    if (err == OK && mls_tree_members(&t) > 0) { /* a sound tree takes changes */
        struct mls_tree fork;
        uint32_t nodes[MLS_LEVELS_MAX], member = 0;
        mls_tree_fork(&t, &fork);
        must(mls_tree_next_member(&fork, 0, &member));
        must(mls_tree_filtered_path(&fork, member, nodes) < MLS_LEVELS_MAX);
        must(mls_tree_remove(&fork, member) == OK && mls_tree_truncate(&fork) == OK);
        mls_tree_hash(&fork, NULL);
        mls_tree_clear(&fork);
    }
    buf_clear(&out);
    mls_tree_clear(&t);
}

static void extensions(struct span in)
{
    struct reader r = reader_of(in);
    struct span list = mls_read_extensions(&r);

    if (mls_read_end(&r) != OK)
        return;
    enum err err = mls_group_extensions_check(list);
    must(err == OK || mls_err_class(err) != err);
}

/* Three vectors: the parts of a stored state. */
static void state(struct span in)
{
    struct reader r = reader_of(in);
    struct span public_part = mls_read_vector(&r), rewind = mls_read_vector(&r),
                receive = mls_read_vector(&r);
    struct mls_group *g;

    if (mls_read_status(&r) == OK && mls_load(public_part, rewind, receive, &g) == OK)
        mls_group_free(g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len < 1)
        return 0;
    struct span in = span_of(data + 1, len - 1);
    switch (data[0] % 16) {
    case 0:
        message(in);
        break;
    case 1:
        tree(in);
        break;
    case 2:
        ROUND_TRIP(mls_leaf_node, mls_read_leaf_node, mls_write_leaf_node);
        break;
    case 3:
        ROUND_TRIP(mls_key_package, mls_read_key_package, mls_write_key_package);
        break;
    case 4:
        ROUND_TRIP(mls_proposal, mls_read_proposal, mls_write_proposal);
        break;
    case 5:
        ROUND_TRIP(mls_commit, mls_read_commit, mls_write_commit);
        break;
    case 6:
        ROUND_TRIP(mls_group_secrets, mls_read_group_secrets, mls_write_group_secrets);
        break;
    case 7:
        ROUND_TRIP(mls_welcome, mls_read_welcome, mls_write_welcome);
        break;
    case 8:
        ROUND_TRIP(mls_group_info, mls_read_group_info, mls_write_group_info);
        break;
    case 9:
        ROUND_TRIP(mls_psk_id, mls_read_psk_id, mls_write_psk_id);
        break;
    case 10:
        ROUND_TRIP(mls_required_capabilities, mls_read_required_capabilities,
                   mls_write_required_capabilities);
        break;
    case 11:
        ROUND_TRIP(mls_external_sender, mls_read_external_sender, mls_write_external_sender);
        break;
    case 12:
        extensions(in);
        break;
    case 13:
        (void)!mls_x509_check(in, SPAN_LIT("no such key"));
        break;
    case 14:
        state(in);
        break;
    case 15:
        ROUND_TRIP(mls_group_context, mls_read_group_context, mls_write_group_context);
        break;
    }
    return 0;
}
