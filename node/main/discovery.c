/* How the node finds others and is found: flags to struct core_discovery, and the UDP sockets. */
#include "net/discovery/discovery.h"
#include "net/wire/enr.h"
#include "node/main/node.h"

#include <stdio.h>

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Values of an option that begin so, from `count` on; the new count. */
static size_t gather(const struct conf *c, enum conf_id id, const char *with, const char **out,
                     size_t count)
{
    for (size_t i = 0; i < conf_count(c, id) && count < DISCOVERY_NAMES_MAX; i++)
        if (starts(conf_at(c, id, i), with))
            out[count++] = conf_at(c, id, i);
    return count;
}

/* A typing error in a list of nodes is found at the start, not in silence. */
static enum err check_records(const char *const *texts, size_t count)
{
    struct enr enr;

    for (size_t i = 0; i < count; i++) {
        enum err err = enr_parse(span_str(texts[i]), &enr);
        if (err == OK)
            continue;
        fprintf(stderr, "sotto: --discv5-bootstrap-node=%.400s: no node record (enr:...): %s\n",
                texts[i], err_text(err));
        return ERR_ARGUMENT;
    }
    return OK;
}

static enum err check_lists(const char *const *urls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (dns_url_check(span_str(urls[i])) == OK)
            continue;
        fprintf(stderr, "sotto: %.300s: no list of nodes, enrtree://<key>@<domain> is expected\n",
                urls[i]);
        return ERR_ARGUMENT;
    }
    return OK;
}

enum err node_discovery(struct node *n, struct core_discovery *out)
{
    const struct conf *c = &n->conf;
    size_t records = 0, lists = 0;

    for (size_t i = 0; i < conf_count(c, CONF_DISCV5_BOOTSTRAP_NODE); i++)
        if (records < DISCOVERY_NAMES_MAX)
            n->bootstraps[records++] = conf_at(c, CONF_DISCV5_BOOTSTRAP_NODE, i);
    records = gather(c, CONF_ENTRY_NODE, "enr:", n->bootstraps, records);
    TRY(check_records(n->bootstraps, records));
    if (conf_bool(c, CONF_DNS_DISCOVERY) && *conf_text(c, CONF_DNS_DISCOVERY_URL) != '\0')
        n->lists[lists++] = conf_text(c, CONF_DNS_DISCOVERY_URL);
    lists = gather(c, CONF_ENTRY_NODE, "enrtree:", n->lists, lists);
    TRY(check_lists(n->lists, lists));
    *out = (struct core_discovery){
        .discv5 = conf_bool(c, CONF_DISCV5_DISCOVERY),
        .auto_update = conf_bool(c, CONF_DISCV5_ENR_AUTO_UPDATE),
        .v6 = n->udp_v6,
        .udp_port = n->udp_port,
        .table_ip_limit = (size_t)conf_number(c, CONF_DISCV5_TABLE_IP_LIMIT),
        .bucket_ip_limit = (size_t)conf_number(c, CONF_DISCV5_BUCKET_IP_LIMIT),
        .bootstraps = n->bootstraps,
        .bootstraps_count = records,
        .lists = n->lists,
        .lists_count = lists,
    };
    return OK;
}
