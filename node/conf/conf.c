/* The table as data, values by id, and what holds between values. */
#include "node/conf/conf_set.h"

#include <stdarg.h>
#include <stdio.h>

#define ONE  false
#define MANY true

const struct conf_option conf_options[CONF_OPTIONS] = {
#define X(id, flag, type, many, status, group, ours, theirs, allowed, help, why)                   \
    {flag,                                                                                         \
     CONF_TYPE_##type,                                                                             \
     many,                                                                                         \
     CONF_STATUS_##status,                                                                         \
     CONF_GROUP_##group,                                                                           \
     ours,                                                                                         \
     theirs,                                                                                       \
     allowed,                                                                                      \
     help,                                                                                         \
     why},
    CONF_TABLE(X)
#undef X
};

enum err conf_fail(struct conf *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(c->error, sizeof c->error, format, args);
    va_end(args);
    return ERR_ARGUMENT;
}

static struct conf_item *item_of(struct conf *c, struct span text)
{
    struct conf_item *item = arena_alloc(&c->arena, sizeof *item);
    char *copy = arena_alloc(&c->arena, text.len + 1);
    if (item == NULL || copy == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.ptr, text.len);
    item->text = copy;
    return item;
}

enum err conf_warn(struct conf *c, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    struct conf_item *item = item_of(c, span_str(line));
    if (item == NULL)
        return ERR_MEMORY;
    if (c->warnings == NULL)
        c->warnings = item;
    else
        c->warnings_last->next = item;
    c->warnings_last = item;
    return OK;
}

const struct conf_item *conf_warning(const struct conf *c, const struct conf_item *after)
{
    return after == NULL ? c->warnings : after->next;
}

/* One warning an option, when it is first given at all. */
static enum err warn_without_effect(struct conf *c, enum conf_id id, const char *where)
{
    const struct conf_option *o = &conf_options[id];
    if (c->values[id].source != CONF_FROM_DEFAULT || o->status == CONF_STATUS_DONE)
        return OK;
    return conf_warn(c, "%s has no effect: %s", where, o->why);
}

enum err conf_set(struct conf *c, enum conf_id id, struct span text, enum conf_source source,
                  const char *where)
{
    const struct conf_option *o = &conf_options[id];
    struct conf_value *v = &c->values[id];
    char why[320] = "";
    struct conf_item *item = item_of(c, text);
    if (item == NULL)
        return ERR_MEMORY;
    if (strlen(item->text) != text.len)
        return conf_fail(c, "%s: a value cannot contain NUL", where);
    if (!conf_value_ok(o, item->text, &item->number, why, sizeof why))
        return conf_fail(c, "%s=%.100s: %s", where, o->type == CONF_TYPE_KEY ? "..." : item->text,
                         why);
    if (source != CONF_FROM_DEFAULT)
        TRY(warn_without_effect(c, id, where));
    if (v->count > 0 && source < v->source)
        return OK; /* checked, but a stronger source has spoken */
    if (source > v->source || !o->many)
        *v = (struct conf_value){.source = source};
    if (v->count >= CONF_VALUES_MAX)
        return conf_fail(c, "%s is given more than %d times", where, CONF_VALUES_MAX);
    if (v->last == NULL)
        v->first = item;
    else
        v->last->next = item;
    v->last = item;
    v->count++;
    v->source = source;
    return OK;
}

static enum err set_default(struct conf *c, enum conf_id id)
{
    struct span rest = span_str(conf_options[id].ours);
    for (;;) {
        const uint8_t *comma =
            conf_options[id].many && rest.len > 0 ? memchr(rest.ptr, ',', rest.len) : NULL;
        size_t n = comma == NULL ? rest.len : (size_t)(comma - rest.ptr);
        TRY(conf_set(c, id, span_sub(rest, 0, n), CONF_FROM_DEFAULT, conf_options[id].flag));
        if (comma == NULL)
            return OK;
        rest = span_after(rest, n + 1);
    }
}

enum err conf_init(struct conf *c)
{
    memset(c, 0, sizeof *c);
    arena_init(&c->arena, CONF_BYTES_MAX);
    for (int id = 0; id < CONF_OPTIONS; id++) {
        enum err err = conf_options[id].ours == NULL ? OK : set_default(c, (enum conf_id)id);
        assert(err != ERR_ARGUMENT); /* a default that is not allowed */
        TRY(err);
    }
    return OK;
}

void conf_clear(struct conf *c)
{
    arena_clear(&c->arena);
    memset(c, 0, sizeof *c);
}

bool conf_bool(const struct conf *c, enum conf_id id)
{
    assert(conf_options[id].type == CONF_TYPE_BOOL);
    return conf_number_at(c, id, 0) != 0;
}

uint64_t conf_number(const struct conf *c, enum conf_id id)
{
    return conf_number_at(c, id, 0);
}

const char *conf_text(const struct conf *c, enum conf_id id)
{
    return c->values[id].count == 0 ? "" : c->values[id].first->text;
}

size_t conf_count(const struct conf *c, enum conf_id id)
{
    return c->values[id].count;
}

static const struct conf_item *item_at(const struct conf *c, enum conf_id id, size_t i)
{
    const struct conf_item *item = c->values[id].first;
    while (item != NULL && i-- > 0)
        item = item->next;
    return item;
}

const char *conf_at(const struct conf *c, enum conf_id id, size_t i)
{
    const struct conf_item *item = item_at(c, id, i);
    return item == NULL ? "" : item->text;
}

uint64_t conf_number_at(const struct conf *c, enum conf_id id, size_t i)
{
    const struct conf_item *item = item_at(c, id, i);
    return item == NULL ? 0 : item->number;
}

bool conf_given(const struct conf *c, enum conf_id id)
{
    return c->values[id].source != CONF_FROM_DEFAULT;
}

static enum err check_shards(struct conf *c)
{
    uint64_t shards = conf_number(c, CONF_NUM_SHARDS_IN_NETWORK);
    for (size_t i = 0; shards > 0 && i < conf_count(c, CONF_SHARD); i++)
        if (conf_number_at(c, CONF_SHARD, i) >= shards)
            return conf_fail(c,
                             "--shard=%s: the network has the shards 0..%llu "
                             "(--num-shards-in-network=%llu)",
                             conf_at(c, CONF_SHARD, i), (unsigned long long)shards - 1,
                             (unsigned long long)shards);
    if (shards == 0 && conf_count(c, CONF_CONTENT_TOPIC) > 0)
        return conf_fail(c, "--content-topic: without autosharding (--num-shards-in-network=0) a "
                            "content topic has no shard; give --shard");
    return OK;
}

static enum err check_ports(struct conf *c)
{
    static const enum conf_id ids[] = {CONF_TCP_PORT, CONF_REST_PORT, CONF_METRICS_SERVER_PORT,
                                       CONF_DISCV5_UDP_PORT};
    uint64_t shift = conf_number(c, CONF_PORTS_SHIFT);
    for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++)
        if (conf_number(c, ids[k]) + shift > UINT16_MAX)
            return conf_fail(c, "--ports-shift=%llu: --%s would be over 65535",
                             (unsigned long long)shift, conf_options[ids[k]].flag);
    return OK;
}

/* Multiaddrs are read by the core; here only what can never be one. */
static enum err check_multiaddrs(struct conf *c)
{
    static const enum conf_id ids[] = {CONF_STATICNODE, CONF_ENTRY_NODE, CONF_EXT_MULTIADDR,
                                       CONF_STORENODE, CONF_PEER_EXCHANGE_NODE};
    for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++)
        for (size_t i = 0; i < conf_count(c, ids[k]); i++)
            if (ids[k] == CONF_ENTRY_NODE && strncmp(conf_at(c, ids[k], i), "enr", 3) == 0)
                continue; /* a record or a list: discovery reads it */
            else if (conf_at(c, ids[k], i)[0] != '/' && conf_at(c, ids[k], i)[0] != '\0')
                return conf_fail(c,
                                 "--%s=%.100s: a multiaddr is expected, e.g. "
                                 "/ip4/192.0.2.1/tcp/60000/p2p/16Uiu2...",
                                 conf_options[ids[k]].flag, conf_at(c, ids[k], i));
    return OK;
}

static enum err check_nat(struct conf *c)
{
    const char *nat = conf_text(c, CONF_NAT);
    uint64_t place;
    if (conf_choice("any|none|upnp|pmp", nat, &place))
        return OK;
    char why[64];
    struct conf_option address = {.type = CONF_TYPE_IP};
    const char *ip = strchr(nat, ':');
    char kind[8] = "";
    if (ip != NULL && ip - nat < (ptrdiff_t)sizeof kind)
        memcpy(kind, nat, (size_t)(ip - nat));
    if (conf_choice("extip|upnp|pmp", kind, &place) &&
        conf_value_ok(&address, ip + 1, &place, why, sizeof why))
        return OK;
    return conf_fail(c,
                     "--nat=%.100s: any, none, upnp[:<our IP>], pmp[:<gateway IP>] or extip:<IP> "
                     "is expected",
                     nat);
}

bool conf_relay_percent(const struct conf *c, double *percent)
{
    char more;
    double relay, service;
    const char *text = conf_text(c, CONF_RELAY_SERVICE_RATIO);

    if (sscanf(text, "%lf:%lf%c", &relay, &service, &more) != 2 || !(relay > 0) ||
        !(service >= 0) || relay + service < 99.9 || relay + service > 100.1)
        return false;
    *percent = relay;
    return true;
}

static enum err check_ratio(struct conf *c)
{
    double percent;
    if (!conf_relay_percent(c, &percent))
        return conf_fail(c,
                         "--relay-service-ratio=%.40s: two shares that make 100, as 60:40, are "
                         "expected",
                         conf_text(c, CONF_RELAY_SERVICE_RATIO));
    if (conf_given(c, CONF_MAX_RELAY_PEERS) &&
        conf_number(c, CONF_MAX_RELAY_PEERS) > conf_number(c, CONF_MAX_CONNECTIONS))
        return conf_fail(c, "--max-relay-peers=%s: more than --max-connections=%s",
                         conf_text(c, CONF_MAX_RELAY_PEERS), conf_text(c, CONF_MAX_CONNECTIONS));
    return OK;
}

enum err conf_check(struct conf *c)
{
    TRY(preset_apply(c));
    TRY(check_ratio(c));
    if (conf_number(c, CONF_CLUSTER_ID) == 1)
        return conf_fail(c, "--cluster-id=1: The Waku Network demands RLN proofs, which this node "
                            "cannot make or check");
    TRY(check_shards(c));
    TRY(check_ports(c));
    TRY(check_nat(c));
    return check_multiaddrs(c);
}
