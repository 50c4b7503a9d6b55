#include "net/reach/observed.h"

#include "net/wire/ip.h"

static struct observed_vote *place_of(struct observed *o, const uint8_t from[16])
{
    for (size_t i = 0; i < o->count; i++)
        if (memcmp(o->votes[i].from, from, 16) == 0)
            return &o->votes[i];
    if (o->count < OBSERVED_VOTES_MAX)
        return &o->votes[o->count++];
    struct observed_vote *oldest = &o->votes[o->next];
    o->next = (o->next + 1) % OBSERVED_VOTES_MAX;
    return oldest;
}

/* Nobody can be at these: 0.0.0.0/8, multicast and what is above it, ::, ff00::/8. */
static bool is_nowhere(const uint8_t ip[16])
{
    static const uint8_t any[16];
    const uint8_t *v4 = ip_v4(ip);

    if (v4 != NULL)
        return v4[0] == 0 || v4[0] >= 224;
    return ip[0] == 0xff || memcmp(ip, any, 16) == 0;
}

bool observed_add(struct observed *o, const uint8_t from[16], const struct multiaddr *addr,
                  bool private_counts)
{
    struct multiaddr_part part;
    struct observed_vote v = {.port = 0};

    if (!multiaddr_ip(addr, v.ip, &v.port) || v.port == 0 ||
        !multiaddr_find(addr, MULTIADDR_TCP, &part) ||
        multiaddr_find(addr, MULTIADDR_P2P_CIRCUIT, &part))
        return false;
    if (is_nowhere(v.ip) || (ip_is_private(v.ip) && !private_counts))
        return false;
    memcpy(v.from, from, 16);
    *place_of(o, from) = v;
    return true;
}

static size_t votes_for(const struct observed *o, const struct observed_vote *v, bool port_too)
{
    size_t n = 0;

    for (size_t i = 0; i < o->count; i++)
        n += memcmp(o->votes[i].ip, v->ip, 16) == 0 && (!port_too || o->votes[i].port == v->port);
    return n;
}

bool observed_ip(const struct observed *o, uint8_t ip[16])
{
    size_t best = OBSERVED_VOTES_MIN - 1;

    for (size_t i = 0; i < o->count; i++) {
        size_t n = votes_for(o, &o->votes[i], false);
        if (n <= best)
            continue;
        best = n;
        memcpy(ip, o->votes[i].ip, 16);
    }
    return best >= OBSERVED_VOTES_MIN;
}

static bool written(const struct multiaddr *list, size_t count, const struct multiaddr *m)
{
    for (size_t i = 0; i < count; i++)
        if (multiaddr_eq(&list[i], m))
            return true;
    return false;
}

size_t observed_addrs(const struct observed *o, struct multiaddr *out, size_t max)
{
    size_t count = 0;

    for (size_t n = o->count; n > 0 && count < max; n--)
        for (size_t i = 0; i < o->count && count < max; i++) {
            struct multiaddr m = {0};
            if (votes_for(o, &o->votes[i], true) == n &&
                multiaddr_add_endpoint(&m, o->votes[i].ip, MULTIADDR_TCP, o->votes[i].port) == OK &&
                !written(out, count, &m))
                out[count++] = m;
        }
    return count;
}
