/* Networks by name: --preset is a row of values, each weaker than what a file, a variable or a flag
 * says.
 *
 * Sources: logos-messaging/logos-delivery logos_delivery/waku/factory/networks_config.nim
 * (2026-08); sotto: ours. What needs RLN (twn, cluster 1) is no row. Kademlia, mix and reliability,
 * which the logos networks have on besides, do not exist here. */
#include "node/conf/conf_set.h"

#include "crypto/base/writer.h"

#include <stdio.h>

struct preset_value {
    enum conf_id id;
    const char *text; /* NULL: the row ends */
};

struct preset {
    const char *name;
    const char *about;
    const struct preset_value *values;
};

static const struct preset_value sotto[] = {
    {CONF_CLUSTER_ID, "66"},
    {CONF_NUM_SHARDS_IN_NETWORK, "8"},
    {CONF_MAX_MSG_SIZE, "150KiB"},
    {CONF_DISCV5_DISCOVERY, "true"},
    {0, NULL},
};

static const struct preset_value status_prod[] = {
    {CONF_CLUSTER_ID, "16"},
    {CONF_NUM_SHARDS_IN_NETWORK, "1"},
    {CONF_MAX_MSG_SIZE, "1024KiB"},
    {CONF_DISCV5_DISCOVERY, "true"},
    {CONF_ENTRY_NODE, "enrtree://AMOJVZX4V6EXP7NTJPMAYJYST2QP6AJXYW76IU6VGJS7UVSNDYZG4"
                      "@boot.prod.status.nodes.status.im"},
    {CONF_ENTRY_NODE, "/dns4/boot-01.do-ams3.status.prod.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmAR24Mbb6VuzoyUiGx42UenDkshENVDj4qnmmbabLvo31"},
    {CONF_ENTRY_NODE, "/dns4/boot-01.gc-us-central1-a.status.prod.status.im/tcp/30303/p2p/"
                      "16Uiu2HAm8mUZ18tBWPXDQsaF7PbCKYA35z7WB2xNZH2EVq1qS8LJ"},
    {CONF_ENTRY_NODE, "/dns4/boot-01.ac-cn-hongkong-c.status.prod.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmGwcE8v7gmJNEWFtZtojYpPMTHy2jBLL6xRk33qgDxFWX"},
    {0, NULL},
};

static const struct preset_value logos_dev[] = {
    {CONF_CLUSTER_ID, "3"},
    {CONF_NUM_SHARDS_IN_NETWORK, "8"},
    {CONF_MAX_MSG_SIZE, "150KiB"},
    {CONF_DISCV5_DISCOVERY, "true"},
    {CONF_ENTRY_NODE, "/dns4/delivery-01.do-ams3.logos.dev.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmTUbnxLGT9JvV6mu9oPyDjqHK4Phs1VDJNUgESgNSkuby"},
    {CONF_ENTRY_NODE, "/dns4/delivery-02.do-ams3.logos.dev.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmMK7PYygBtKUQ8EHp7EfaD3bCEsJrkFooK8RQ2PVpJprH"},
    {CONF_ENTRY_NODE, "/dns4/delivery-01.gc-us-central1-a.logos.dev.status.im/tcp/30303/p2p/"
                      "16Uiu2HAm4S1JYkuzDKLKQvwgAhZKs9otxXqt8SCGtB4hoJP1S397"},
    {CONF_ENTRY_NODE, "/dns4/delivery-02.gc-us-central1-a.logos.dev.status.im/tcp/30303/p2p/"
                      "16Uiu2HAm8Y9kgBNtjxvCnf1X6gnZJW5EGE4UwwCL3CCm55TwqBiH"},
    {CONF_ENTRY_NODE, "/dns4/delivery-01.ac-cn-hongkong-c.logos.dev.status.im/tcp/30303/p2p/"
                      "16Uiu2HAm8YokiNun9BkeA1ZRmhLbtNUvcwRr64F69tYj9fkGyuEP"},
    {CONF_ENTRY_NODE, "/dns4/delivery-02.ac-cn-hongkong-c.logos.dev.status.im/tcp/30303/p2p/"
                      "16Uiu2HAkvwhGHKNry6LACrB8TmEFoCJKEX29XR5dDUzk3UT3UNSE"},
    {0, NULL},
};

static const struct preset_value logos_test[] = {
    {CONF_CLUSTER_ID, "2"},
    {CONF_NUM_SHARDS_IN_NETWORK, "8"},
    {CONF_MAX_MSG_SIZE, "150KiB"},
    {CONF_DISCV5_DISCOVERY, "true"},
    {CONF_ENTRY_NODE, "/dns4/node-01.do-ams3.logos.test.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmQ9X2xDfPG3uL77V9piYDhjq14JhKCtcmNYsTMKNqrKCj"},
    {CONF_ENTRY_NODE, "/dns4/node-02.do-ams3.logos.test.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmB8NYprrfQrgWVzsJtYWkfjsXbmJEGNMG6othXsQ53BwG"},
    {CONF_ENTRY_NODE, "/dns4/node-01.gc-us-central1-a.logos.test.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmF8WtwGPmeGHgYAX2277jHgy5cW9F7zsB8EqUjBZQAZQ3"},
    {CONF_ENTRY_NODE, "/dns4/node-02.gc-us-central1-a.logos.test.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmUuXhUW9bdJpzN1kfDziFiUZo4bszTk66cvr7uuyCHXR7"},
    {CONF_ENTRY_NODE, "/dns4/node-01.ac-cn-hongkong-c.logos.test.status.im/tcp/30303/p2p/"
                      "16Uiu2HAmL3oU95jh1BZHozn3uNhx8HEneirgr8M1jEAapzXGDqRF"},
    {CONF_ENTRY_NODE, "/dns4/node-02.ac-cn-hongkong-c.logos.test.status.im/tcp/30303/p2p/"
                      "16Uiu2HAm28CoBZjpyxsanC8tQpbvZ7bZJnVYuB1EgFzb571qpWsV"},
    {0, NULL},
};

static const struct preset presets[] = {
    {"sotto", "the network of this project; it has no public nodes: name one with --entry-node",
     sotto},
    {"status.prod", "the network of Status", status_prod},
    {"logos.dev", "the Logos development network", logos_dev},
    {"logos.test", "the Logos test network", logos_test},
};

enum err preset_apply(struct conf *c)
{
    const char *name = conf_text(c, CONF_PRESET);

    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++)
        if (strcmp(presets[i].name, name) == 0)
            for (const struct preset_value *v = presets[i].values; v->text != NULL; v++)
                TRY(conf_set(c, v->id, span_str(v->text), CONF_FROM_PRESET,
                             conf_options[v->id].flag));
    return OK;
}

void preset_document(struct writer *w)
{
    char line[512];

    write_bytes(w,
                SPAN_LIT("\n## Presets\n\n`--preset` stands for these values; a file, a variable "
                         "or a flag goes before them.\n"));
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        snprintf(line, sizeof line, "\n`%s`: %s\n\n", presets[i].name, presets[i].about);
        write_bytes(w, span_str(line));
        for (const struct preset_value *v = presets[i].values; v->text != NULL; v++) {
            snprintf(line, sizeof line, "    --%s=%s\n", conf_options[v->id].flag, v->text);
            write_bytes(w, span_str(line));
        }
    }
}
