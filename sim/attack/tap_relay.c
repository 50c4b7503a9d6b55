/* What a relay of the adversary reads: whole RPCs that arrive at it, and those that it sends
 * itself, for it knows its own mesh and what it asked for. */
#include "crypto/prim/sha2.h"
#include "net/gossipsub/rpc.h"
#include "sim/attack/tap_inside.h"

#include <stdlib.h>

#define GRACE_NS (2 * NS_PER_S) /* after a PRUNE: messages are still under way */

struct pair {
    uint32_t spy, other;
};

struct wanted {
    uint32_t spy;
    uint8_t id[20]; /* the first bytes of the message id */
};

static void set_mesh(struct tap *t, uint32_t spy, uint32_t other, bool in, int64_t now_ns)
{
    struct pair key = {spy, other};
    struct tap_mesh *m = map_get(&t->meshes, span_of(&key, sizeof key));

    if (m == NULL) {
        m = calloc(1, sizeof *m);
        if (m == NULL || map_put(&t->meshes, span_of(&key, sizeof key), m) != OK)
            abort();
    }
    m->in = in;
    m->until_ns = now_ns + GRACE_NS;
}

static bool in_mesh(const struct tap *t, uint32_t spy, uint32_t other, int64_t now_ns)
{
    struct pair key = {spy, other};
    const struct tap_mesh *m = map_get(&t->meshes, span_of(&key, sizeof key));

    return m != NULL && (m->in || now_ns < m->until_ns);
}

/* GRAFT and PRUNE, from either side. */
static void control(struct tap *t, uint32_t spy, uint32_t other, struct span body, int64_t now_ns)
{
    struct pb grafts = pb_of(body), prunes = pb_of(body);
    struct span entry;

    while (rpc_next(&grafts, CONTROL_FIELD_GRAFT, &entry))
        set_mesh(t, spy, other, true, now_ns);
    while (rpc_next(&prunes, CONTROL_FIELD_PRUNE, &entry))
        set_mesh(t, spy, other, false, now_ns);
}

/* What the spy asks for. */
static void wants(struct tap *t, uint32_t spy, struct span body)
{
    struct pb iwants = pb_of(body);
    struct span entry, id;

    while (rpc_next(&iwants, CONTROL_FIELD_IWANT, &entry)) {
        struct pb ids = pb_of(entry);
        while (rpc_next(&ids, IDS_ID, &id)) {
            struct wanted w = {.spy = spy};
            memcpy(w.id, id.ptr, id.len < sizeof w.id ? id.len : sizeof w.id);
            if (map_put(&t->wanted, span_of(&w, sizeof w), t) == ERR_MEMORY)
                abort();
        }
    }
}

static bool asked(const struct tap *t, uint32_t spy, struct span data)
{
    struct wanted w = {.spy = spy};
    uint8_t id[SHA256_BYTES];

    if (map_count(&t->wanted) == 0)
        return false;
    sha256(data, id);
    memcpy(w.id, id, sizeof w.id);
    return map_get(&t->wanted, span_of(&w, sizeof w)) != NULL;
}

static void leaves(struct tap *t, struct sim *s, const struct sim_bytes *b, struct span rpc)
{
    struct pb messages = pb_of(rpc);
    struct span entry;

    while (rpc_next(&messages, RPC_PUBLISH, &entry)) {
        struct tap_copy c = {.mesh = in_mesh(t, b->src, b->dst, sim_now(s))};
        tap_copy_of(t, s, b, rpc_message(entry).data, &c, true);
    }
}

static void arrives(struct tap *t, struct sim *s, const struct sim_bytes *b, struct span rpc)
{
    struct pb messages = pb_of(rpc);
    struct span entry;

    while (rpc_next(&messages, RPC_PUBLISH, &entry)) {
        struct span data = rpc_message(entry).data;
        struct tap_copy c = {.asked = asked(t, b->dst, data),
                             .mesh = in_mesh(t, b->dst, b->src, sim_now(s))};
        tap_copy_of(t, s, b, data, &c, false);
    }
}

void tap_relay(struct tap *t, struct sim *s, const struct sim_bytes *b, struct span rpc)
{
    struct pb controls = pb_of(rpc);
    struct span entry;

    if (rpc_check(rpc) != OK)
        return;
    while (rpc_next(&controls, RPC_CONTROL, &entry)) {
        if (t->setup.known.own[b->dst])
            control(t, b->dst, b->src, entry, sim_now(s));
        if (t->setup.known.own[b->src]) {
            control(t, b->src, b->dst, entry, sim_now(s));
            wants(t, b->src, entry);
        }
    }
    if (t->setup.known.own[b->src])
        leaves(t, s, b, rpc);
    if (t->setup.known.own[b->dst])
        arrives(t, s, b, rpc);
}
