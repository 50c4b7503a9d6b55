#include "net/identify/message.h"

#include "net/wire/frame.h"
#include "net/wire/protobuf.h"

enum { /* message Identify */
    IDENTIFY_PUBLIC_KEY = 1,
    IDENTIFY_LISTEN_ADDRS = 2,
    IDENTIFY_PROTOCOLS = 3,
    IDENTIFY_OBSERVED_ADDR = 4,
    IDENTIFY_PROTOCOL_VERSION = 5,
    IDENTIFY_AGENT_VERSION = 6,
    IDENTIFY_SIGNED_PEER_RECORD = 8,
};

enum err identify_message_encode(const struct identify_self *self, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_bytes(&w, IDENTIFY_PUBLIC_KEY, self->public_key);
    for (size_t i = 0; i < self->addr_count; i++)
        pb_put_bytes(&w, IDENTIFY_LISTEN_ADDRS, multiaddr_span(&self->addrs[i]));
    for (const char *const *id = self->protocols; *id != NULL; id++)
        pb_put_bytes(&w, IDENTIFY_PROTOCOLS, span_str(*id));
    pb_put_bytes(&w, IDENTIFY_PROTOCOL_VERSION, self->protocol_version);
    pb_put_bytes(&w, IDENTIFY_AGENT_VERSION, self->agent_version);
    if (self->signed_record.len > 0)
        pb_put_bytes(&w, IDENTIFY_SIGNED_PEER_RECORD, self->signed_record);
    return writer_status(&w);
}

enum err identify_observed_encode(struct span addr, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_bytes(&w, IDENTIFY_OBSERVED_ADDR, addr);
    return writer_status(&w);
}

/* Texts go to logs and JSON: only plain ones are kept. */
static struct span plain_text(struct span text)
{
    if (text.len > IDENTIFY_TEXT_MAX)
        return SPAN_EMPTY;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] > '~')
            return SPAN_EMPTY;
    return text;
}

static void add(struct span *list, size_t *count, size_t max, struct span entry)
{
    if (entry.len > 0 && *count < max)
        list[(*count)++] = entry;
}

static void merge_field(struct identify_info *info, struct pb *p, const struct pb_field *f)
{
    switch (f->number) {
    case IDENTIFY_PUBLIC_KEY:
        info->public_key = pb_bytes(p, f);
        break;
    case IDENTIFY_LISTEN_ADDRS:
        add(info->addrs, &info->addr_count, IDENTIFY_ADDRS_MAX, pb_bytes(p, f));
        break;
    case IDENTIFY_PROTOCOLS:
        add(info->protocols, &info->protocol_count, IDENTIFY_PROTOCOLS_MAX,
            plain_text(pb_bytes(p, f)));
        break;
    case IDENTIFY_OBSERVED_ADDR:
        info->observed_addr = pb_bytes(p, f);
        break;
    case IDENTIFY_PROTOCOL_VERSION:
        info->protocol_version = plain_text(pb_bytes(p, f));
        break;
    case IDENTIFY_AGENT_VERSION:
        info->agent_version = plain_text(pb_bytes(p, f));
        break;
    case IDENTIFY_SIGNED_PEER_RECORD:
        info->signed_record = pb_bytes(p, f);
        break;
    }
}

enum err identify_message_merge(struct identify_info *info, struct span in)
{
    struct pb p = pb_of(in);

    for (struct pb_field f; pb_next(&p, &f);)
        merge_field(info, &p, &f);
    return pb_status(&p);
}

enum err identify_stream_decode(struct identify_info *info, struct span stream)
{
    struct frames frames;
    struct span message;
    size_t count = 0;
    enum err err;

    /* all of the stream is here, so frames come out of it in place and nothing is gathered */
    frames_init(&frames, IDENTIFY_MESSAGE_MAX);
    while ((err = frames_next(&frames, &stream, &message)) == OK) {
        err = ++count > IDENTIFY_MESSAGES_MAX ? ERR_LIMIT : identify_message_merge(info, message);
        if (err != OK)
            break;
    }
    if (err == ERR_MORE)
        err = count > 0 && frames_pending(&frames) == 0 ? OK : ERR_FORMAT;
    frames_clear(&frames);
    return err;
}
