#include "net/reach/announce.h"

#include "net/wire/ip.h"

static bool has(const struct multiaddr *list, size_t count, const struct multiaddr *m)
{
    for (size_t i = 0; i < count; i++)
        if (multiaddr_eq(&list[i], m))
            return true;
    return false;
}

static void add(struct multiaddr *out, size_t *count, const struct multiaddr *m)
{
    if (*count < REACH_ADDRS_MAX && !has(out, *count, m))
        out[(*count)++] = *m;
}

static void add_all(struct multiaddr *out, size_t *count, const struct announce_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        add(out, count, &from->addrs[i]);
}

static enum multiaddr_code family_of(enum multiaddr_code code)
{
    switch ((int)code) {
    case MULTIADDR_DNS4:
        return MULTIADDR_IP4;
    case MULTIADDR_DNS6:
        return MULTIADDR_IP6;
    default:
        return code;
    }
}

enum err announce_rebase(const struct multiaddr *addr, const struct multiaddr *head,
                         struct multiaddr *out)
{
    struct multiaddr_part part, host;
    size_t cursor = 0, at = 0;
    struct multiaddr m = {0};

    if (!multiaddr_next(addr, &cursor, &part) || !multiaddr_next(head, &at, &host) ||
        (part.code != MULTIADDR_IP4 && part.code != MULTIADDR_IP6) ||
        family_of(host.code) != part.code)
        return ERR_UNSUPPORTED;
    TRY(multiaddr_add(&m, host.code, host.value));
    while (multiaddr_next(addr, &cursor, &part))
        TRY(multiaddr_add(&m, part.code, part.value));
    *out = m;
    return OK;
}

enum err announce_rebase_ip(const struct multiaddr *addr, const uint8_t ip[16],
                            struct multiaddr *out)
{
    const uint8_t *v4 = ip_v4(ip);
    struct multiaddr head = {0};

    TRY(multiaddr_add(&head, v4 != NULL ? MULTIADDR_IP4 : MULTIADDR_IP6,
                      v4 != NULL ? span_of(v4, 4) : span_of(ip, 16)));
    return announce_rebase(addr, &head, out);
}

enum err announce_mapped(const struct multiaddr *addr, const uint8_t ip[16], uint16_t port,
                         struct multiaddr *out)
{
    const uint8_t value[2] = {(uint8_t)(port >> 8), (uint8_t)port};
    struct multiaddr at, m = {0};
    struct multiaddr_part part;

    TRY(announce_rebase_ip(addr, ip, &at));
    for (size_t cursor = 0; multiaddr_next(&at, &cursor, &part);) {
        bool is_port = part.code == MULTIADDR_TCP || part.code == MULTIADDR_UDP;
        TRY(multiaddr_add(&m, part.code, is_port ? SPAN_ARRAY(value) : part.value));
    }
    *out = m;
    return OK;
}

static void add_heads(struct multiaddr *out, size_t *count, const struct announce *a)
{
    struct multiaddr m;

    for (size_t i = 0; i < a->heads.count; i++)
        for (size_t k = 0; k < a->bound.count; k++)
            if (announce_rebase(&a->bound.addrs[k], &a->heads.addrs[i], &m) == OK)
                add(out, count, &m);
}

/* Where we listen, as others see it; a port that is forwarded by hand keeps its number. */
static void add_observed(struct multiaddr *out, size_t *count, const struct announce *a)
{
    struct multiaddr seen;

    for (size_t i = 0; i < a->bound.count; i++)
        if (announce_rebase_ip(&a->bound.addrs[i], a->observed_ip, &seen) == OK)
            add(out, count, &seen);
}

size_t announce_write(const struct announce *a, struct multiaddr out[REACH_ADDRS_MAX])
{
    size_t count = 0;

    if (a->given_only) {
        add_all(out, &count, &a->given);
        return count;
    }
    add_heads(out, &count, a);
    add_all(out, &count, &a->mapped);
    if (count == 0)
        add_all(out, &count, &a->bound);
    if (a->reachable && a->observed_ip != NULL && a->heads.count + a->mapped.count == 0)
        add_observed(out, &count, a);
    add_all(out, &count, &a->given);
    add_all(out, &count, &a->circuits);
    return count;
}
