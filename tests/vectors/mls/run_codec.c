/* deserialization, tree-math, messages: bytes and places, no keys. */
#include "crypto/mls/tree.h"
#include "tests/vectors/mls/run.h"

bool run_deserialization(struct vector *t)
{
    struct reader r = reader_of(hex(t, "vlbytes_header"));
    uint32_t length = mls_read_length(&r);

    NEED_OK(mls_read_end(&r));
    NEED(length == json_u64(t->v, "length"));
    return true;
}

static bool place_is(const struct json *list, size_t i, bool exists, uint32_t place)
{
    const struct json *v = list->first;

    while (v != NULL && i-- > 0)
        v = v->next;
    NEED(v != NULL);
    NEED(exists == (v->kind != JSON_NULL));
    if (exists) {
        char text[16];
        snprintf(text, sizeof text, "%u", place);
        NEED_SAME(v->text, span_str(text));
    }
    return true;
}

bool run_tree_math(struct vector *t)
{
    uint32_t leaves = (uint32_t)json_u64(t->v, "n_leaves"), nodes = mls_nodes(leaves);

    NEED(nodes == json_u64(t->v, "n_nodes"));
    NEED(mls_root(leaves) == json_u64(t->v, "root"));
    for (uint32_t i = 0; i < nodes; i++) {
        bool leaf = mls_level(i) == 0, root = i == mls_root(leaves);
        NEED(place_is(json_get(t->v, "left"), i, !leaf, leaf ? 0 : mls_left(i)));
        NEED(place_is(json_get(t->v, "right"), i, !leaf, leaf ? 0 : mls_right(i)));
        NEED(place_is(json_get(t->v, "parent"), i, !root, root ? 0 : mls_parent(i)));
        NEED(place_is(json_get(t->v, "sibling"), i, !root, root ? 0 : mls_sibling(i)));
    }
    return true;
}

static bool message(struct vector *t, const char *key, uint16_t format)
{
    struct span in = hex(t, key);
    CLEARED(buf_clear) struct buf out = BUF_INIT(1 << 24);
    struct writer w = writer_to(&out);
    struct mls_message m;

    NEED_OK(mls_message_decode(in, &m));
    NEED(m.wire_format == format);
    mls_write_message(&w, &m);
    NEED_OK(writer_status(&w));
    return same(buf_span(&out), in, __FILE__, __LINE__, key);
}

/* decode one bare structure, encode it again, compare */
#define STRUCTURE(key, type, read, write)                                                          \
    do {                                                                                           \
        struct span in = hex(t, key);                                                              \
        struct reader r = reader_of(in);                                                           \
        CLEARED(buf_clear) struct buf out = BUF_INIT(1 << 24);                                     \
        struct writer w = writer_to(&out);                                                         \
        struct type x;                                                                             \
        read(&r, &x);                                                                              \
        NEED_OK(mls_read_end(&r));                                                                 \
        write(&w, &x);                                                                             \
        NEED_OK(writer_status(&w));                                                                \
        NEED(same(buf_span(&out), in, __FILE__, __LINE__, key));                                   \
    } while (0)

struct u32 {
    uint32_t value;
};

static void read_u32(struct reader *r, struct u32 *out)
{
    out->value = read_be32(r);
}
static void write_u32(struct writer *w, const struct u32 *x)
{
    write_be32(w, x->value);
}

struct vector_of_bytes {
    struct span content;
};

static void read_opaque(struct reader *r, struct vector_of_bytes *out)
{
    out->content = mls_read_vector(r);
}
static void read_extensions(struct reader *r, struct vector_of_bytes *out)
{
    out->content = mls_read_extensions(r);
}
static void write_opaque(struct writer *w, const struct vector_of_bytes *x)
{
    mls_write_vector(w, x->content);
}

static bool ratchet_tree(struct vector *t)
{
    struct span in = hex(t, "ratchet_tree");
    struct reader r = reader_of(in);
    CLEARED(mls_tree_clear) struct mls_tree tree = {0};
    CLEARED(buf_clear) struct buf out = BUF_INIT(1 << 24);
    struct writer w = writer_to(&out);
    struct span content = mls_read_vector(&r);

    NEED_OK(mls_read_end(&r));
    NEED_OK(mls_tree_read(content, mls_suite(1), &tree));
    mls_tree_write(&w, &tree);
    NEED_OK(writer_status(&w));
    return same(buf_span(&out), content, __FILE__, __LINE__, "ratchet_tree");
}

bool run_messages(struct vector *t)
{
    NEED(message(t, "mls_welcome", MLS_WIRE_WELCOME));
    NEED(message(t, "mls_group_info", MLS_WIRE_GROUP_INFO));
    NEED(message(t, "mls_key_package", MLS_WIRE_KEY_PACKAGE));
    NEED(message(t, "public_message_application", MLS_WIRE_PUBLIC_MESSAGE));
    NEED(message(t, "public_message_proposal", MLS_WIRE_PUBLIC_MESSAGE));
    NEED(message(t, "public_message_commit", MLS_WIRE_PUBLIC_MESSAGE));
    NEED(message(t, "private_message", MLS_WIRE_PRIVATE_MESSAGE));
    NEED(ratchet_tree(t));
    STRUCTURE("group_secrets", mls_group_secrets, mls_read_group_secrets, mls_write_group_secrets);
    STRUCTURE("add_proposal", mls_key_package, mls_read_key_package, mls_write_key_package);
    STRUCTURE("update_proposal", mls_leaf_node, mls_read_leaf_node, mls_write_leaf_node);
    STRUCTURE("remove_proposal", u32, read_u32, write_u32);
    STRUCTURE("pre_shared_key_proposal", mls_psk_id, mls_read_psk_id, mls_write_psk_id);
    STRUCTURE("re_init_proposal", mls_reinit, mls_read_reinit, mls_write_reinit);
    STRUCTURE("external_init_proposal", vector_of_bytes, read_opaque, write_opaque);
    STRUCTURE("group_context_extensions_proposal", vector_of_bytes, read_extensions, write_opaque);
    STRUCTURE("commit", mls_commit, mls_read_commit, mls_write_commit);
    return true;
}
