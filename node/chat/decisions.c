#include "node/chat/decisions.h"

#define FIELDS   1u
#define ELEMENTS 5u

bool decision_replaces(const struct decision *comes, const struct decision *is)
{
    int place = entry_place_cmp(&comes->place, &is->place);
    if (place != 0)
        return place > 0;
    if (comes->value.len != is->value.len)
        return comes->value.len > is->value.len;
    return comes->value.len > 0 && memcmp(comes->value.ptr, is->value.ptr, is->value.len) > 0;
}

static bool within(const struct decision *d)
{
    return d->subject.len <= DECISION_SUBJECT_MAX && d->place.lamport <= INT64_MAX &&
           d->value.len > 0 && d->value.len <= DECISION_VALUE_MAX;
}

enum err decisions_encode(const struct decision *list, size_t count, struct buf *out)
{
    if (count > DECISIONS_MAX)
        return ERR_ARGUMENT;
    struct pack_writer w = profile_begin(out, PROFILE_OBJECT_DECISIONS, FIELDS);
    pack_write_array(&w, count);
    for (size_t i = 0; i < count; i++) {
        if (!within(&list[i]))
            return ERR_ARGUMENT;
        pack_write_array(&w, ELEMENTS);
        pack_write_uint(&w, list[i].kind);
        pack_write_bin(&w, list[i].subject);
        pack_write_uint(&w, list[i].place.lamport);
        pack_write_bin(&w, SPAN_ARRAY(list[i].place.id.bytes));
        pack_write_bin(&w, list[i].value);
    }
    return profile_end(&w);
}

enum err decisions_decode(struct span in, struct decision *out, size_t *count)
{
    struct pack_reader r;
    *count = 0;
    TRY(profile_open(in, PROFILE_OBJECT_DECISIONS, FIELDS, &r));
    size_t n = pack_read_array(&r, 0, DECISIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        (void)pack_read_array(&r, ELEMENTS, ELEMENTS);
        out[i].kind = pack_read_uint(&r, UINT32_MAX);
        out[i].subject = pack_read_bin(&r, 0, DECISION_SUBJECT_MAX);
        out[i].place.lamport = pack_read_uint(&r, INT64_MAX);
        pack_read_fixed(&r, out[i].place.id.bytes, ENTRY_ID_BYTES);
        out[i].value = pack_read_bin(&r, 1, DECISION_VALUE_MAX);
    }
    TRY(profile_close(&r));
    *count = n;
    return OK;
}
