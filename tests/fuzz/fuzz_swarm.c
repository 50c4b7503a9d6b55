/* Two swarms and the world as fuzz bytes choose it: links that come, break and bring garbage,
 * streams, pauses, dials, lookups, time. Whatever happens, memory stays right and both come to
 * rest. */
#include "tests/lib/memlinks.h"

static const char *const protocols[] = {"/fuzz/1.0.0", "/fuzz/2.0.0", NULL};
static const char *const proposals[] = {"/none/1.0.0", "/fuzz/2.0.0", NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void raw_link(struct mem_node *n, struct reader *r, uint8_t arg)
{
    struct endpoint at = mem_endpoint(arg % 8 + 10u);
    struct mem_pipe *p = mem_pipe_new(n->world);

    p->end[1].node = n;
    p->end[1].link = n->world->next_incoming += 2;
    swarm_link_incoming(n->swarm, &n->world->t.env, p->end[1].link, &at);
    struct span bytes = read_bytes(r, arg < r->rest.len ? arg : r->rest.len);
    assert_ok(buf_append(&p->end[1].queue, bytes));
    p->end[0].closed = arg & 1;
}

static void cut_link(struct mem_world *w, uint8_t arg)
{
    struct mem_pipe *p = &w->pipes[arg % 8];

    for (int e = 0; p->used && e < 2; e++) {
        struct mem_end *end = &p->end[e];
        if (end->node != NULL && !end->closed && !end->pending_incoming)
            swarm_link_down(end->node->swarm, &w->t.env, end->link, ERR_IO);
        end->closed = end->told = true;
        buf_clear(&end->queue);
    }
    p->used = false;
}

static void use_stream(struct mem_node *n, uint8_t op, uint8_t arg)
{
    static uint8_t bytes[70000];
    uint64_t stream = arg % 32;

    switch (op % 6) {
    case 0:
    case 1:
        (void)mem_send(n, stream, span_of(bytes, arg * 273u));
        break;
    case 2:
        n->streams.close_write(n->swarm, stream);
        break;
    case 3:
        n->streams.reset(n->swarm, stream);
        break;
    case 4:
        n->streams.pause(n->swarm, stream, arg & 32);
        break;
    case 5:
        if (n->streams.open(n->swarm, &n->world->t.env, arg % 4u, arg & 8 ? proposals : protocols,
                            &stream) != OK)
            break;
        break;
    }
}

static void answer_lookup(struct mem_node *n, struct reader *r, uint8_t arg)
{
    static const char text[] = "dnsaddr=/ip4/10.0.0.1/tcp/4000";
    struct span records[3] = {read_bytes(r, 4), read_bytes(r, 16), SPAN_LIT(text)};

    swarm_resolved(n->swarm, &n->world->t.env, n->last_query, arg & 1 ? OK : ERR_NOT_FOUND, records,
                   arg % 4u);
}

static void dial(struct mem_node *n, struct mem_node *to, uint8_t arg)
{
    static const char *const named[] = {"/dns4/a.example/tcp/4000", "/dnsaddr/b.example",
                                        "/dns/c.example/tcp/443/wss", "/ip6/::1/tcp/1/ws"};
    struct multiaddr m[2] = {mem_addr(to, arg & 16)};
    uint64_t number;

    assert_ok(multiaddr_parse(span_str(named[arg % 4]), &m[1]));
    if (swarm_dial(n->swarm, &n->world->t.env, NULL, m + (arg >> 5) % 2, 1, arg >> 6, &number) !=
        OK)
        return;
    struct swarm_dialed done;
    while (swarm_poll_dialed(n->swarm, &done))
        continue;
}

static void op(struct mem_world *w, uint8_t what, uint8_t arg, struct reader *r)
{
    struct mem_node *n = &w->nodes[what & 1], *other = &w->nodes[~what & 1];

    switch (what >> 1 & 7) {
    case 0:
        dial(n, other, arg);
        break;
    case 1:
    case 2:
        use_stream(n, what >> 4, arg);
        break;
    case 3:
        raw_link(n, r, arg);
        break;
    case 4:
        cut_link(w, arg);
        break;
    case 5:
        mem_run(w, arg * 100 * NS_PER_MS);
        break;
    case 6:
        w->chunk = arg;
        for (int i = 0; i < arg % 16; i++)
            mem_step(w);
        break;
    case 7:
        if (arg == 255)
            swarm_stop(n->swarm, &w->t.env);
        else if (arg & 64)
            n->streams.disconnect(n->swarm, &w->t.env, arg % 4u, OK);
        else
            answer_lookup(n, r, arg);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct mem_world *w = calloc(1, sizeof *w);
    struct reader r = reader_of(span_of(data, len < 400 ? len : 400));
    struct swarm_params params = SWARM_PARAMS_DEFAULT;

    if (w == NULL)
        abort();
    params.conns_max = 6;
    mem_start(w, 1);
    w->pipe_bytes = 20000;
    for (int i = 0; i < 2; i++) {
        struct mem_node *n = mem_node_new(w, &params);
        assert_ok(n->streams.serve(n->swarm, protocols));
    }
    while (r.rest.len >= 2 && !r.failed) {
        uint8_t what = read_u8(&r), arg = read_u8(&r);
        op(w, what, arg, &r);
    }
    w->chunk = 0;
    mem_run(w, NS_PER_S);
    mem_stop(w);
    free(w);
    return 0;
}
