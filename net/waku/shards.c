#include "crypto/prim/sha2.h"
#include "net/waku/waku.h"

#include <stdio.h>

/* --- reading parts -----------------------------------------------------------------------------
 */

/* The part up to the next slash, or all that is left; `rest` moves behind the slash. */
static struct span next_part(struct span *rest, bool *last)
{
    size_t n = 0;

    while (n < rest->len && rest->ptr[n] != '/')
        n++;
    struct span part = span_sub(*rest, 0, n);
    *last = n == rest->len;
    *rest = span_after(*rest, *last ? n : n + 1);
    return part;
}

static enum err read_number(struct span text, uint64_t max, uint64_t *out)
{
    uint64_t n = 0;

    if (text.len == 0 || text.len > 19)
        return ERR_FORMAT;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return ERR_FORMAT;
        n = n * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *out = n;
    return n <= max ? OK : ERR_FORMAT;
}

/* One number, one text: a topic is compared byte for byte everywhere else. */
static enum err read_index(struct span text, uint16_t *out)
{
    uint64_t n;

    if (text.len > 1 && text.ptr[0] == '0')
        return ERR_FORMAT;
    TRY(read_number(text, UINT16_MAX, &n));
    *out = (uint16_t)n;
    return OK;
}

/* --- pubsub topics -----------------------------------------------------------------------------
 */

enum err waku_shard_parse(struct span pubsub_topic, struct waku_shard *out)
{
    struct span prefix = SPAN_LIT("/waku/2/rs/");
    bool last;

    if (!span_starts(pubsub_topic, prefix))
        return ERR_FORMAT;
    struct span rest = span_after(pubsub_topic, prefix.len);
    TRY(read_index(next_part(&rest, &last), &out->cluster));
    if (last)
        return ERR_FORMAT;
    return read_index(rest, &out->index);
}

size_t waku_shard_text(struct waku_shard shard, char out[WAKU_SHARD_TEXT_MAX])
{
    return (size_t)snprintf(out, WAKU_SHARD_TEXT_MAX, "/waku/2/rs/%u/%u", shard.cluster,
                            shard.index);
}

/* --- content topics ----------------------------------------------------------------------------
 */

enum err waku_content_topic_parse(struct span text, struct waku_content_topic *out)
{
    struct span parts[5], rest;
    size_t count = 0, first = 0;

    *out = (struct waku_content_topic){0};
    if (text.len == 0 || text.ptr[0] != '/')
        return ERR_FORMAT;
    rest = span_after(text, 1);
    for (bool last = false; !last;) {
        struct span part = next_part(&rest, &last);
        if (part.len == 0 || count == 5)
            return ERR_FORMAT;
        parts[count++] = part;
    }
    if (count < 4)
        return ERR_FORMAT;
    if (count == 5) {
        TRY(read_number(parts[0], UINT64_MAX, &out->generation));
        out->has_generation = true;
        first = 1;
    }
    out->application = parts[first];
    out->version = parts[first + 1];
    out->name = parts[first + 2];
    out->encoding = parts[first + 3];
    return OK;
}

enum err waku_autoshard(struct span content_topic, uint16_t cluster, uint32_t shards,
                        struct waku_shard *out)
{
    struct waku_content_topic t;
    uint8_t hash[32];
    uint64_t tail = 0;

    assert(shards >= 1 && shards <= WAKU_SHARDS_MAX);
    TRY(waku_content_topic_parse(content_topic, &t));
    if (t.generation != 0)
        return ERR_UNSUPPORTED;
    struct span parts[] = {t.application, t.version};
    sha256_parts(parts, 2, hash);
    for (size_t i = 24; i < 32; i++)
        tail = tail << 8 | hash[i];
    *out = (struct waku_shard){.cluster = cluster, .index = (uint16_t)(tail % shards)};
    return OK;
}
