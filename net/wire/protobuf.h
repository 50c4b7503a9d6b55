/* Protocol buffers without generated code: a zero-copy reader of fields and a writer onto struct
 * buf. proto2 and proto3 look the same here; groups (wire types 3 and 4) are malformed.
 *
 *     struct pb p = pb_of(in);
 *     for (struct pb_field f; pb_next(&p, &f);)
 *         switch (f.number) {
 *         case 1: m->cluster = pb_u32(&p, &f); break;      unknown numbers are skipped
 *         case 2: m->topic = pb_bytes(&p, &f); break;      the last one wins, as protobuf says
 *         }
 *     return pb_status(&p);
 *
 * Sticky: malformed bytes and fields of another wire type than the one asked for poison the
 * reader, pb_next ends, pb_status tells. Varints may be longer than needed (other encoders
 * reserve space so) but at most 10 bytes. Spans are borrowed from the message.
 *
 * @source protobuf.dev/programming-guides/encoding
 */
#pragma once

#include "crypto/base/span.h"
#include "crypto/base/writer.h"
#include "net/wire/params.h"

enum pb_wire {
    PB_VARINT = 0,
    PB_FIXED64 = 1,
    PB_BYTES = 2, /* strings, bytes, messages, packed lists */
    PB_FIXED32 = 5,
};

struct pb {
    struct span rest; /* not yet read */
    bool failed;
};

struct pb_field {
    uint32_t number; /* 1..2^29-1 */
    enum pb_wire wire;
    uint64_t value;    /* of varint and fixed fields */
    struct span bytes; /* of PB_BYTES, borrowed */
};

static inline struct pb pb_of(struct span message)
{
    return (struct pb){.rest = message};
}

/** The next field; false at the end and after an error. */
bool pb_next(struct pb *p, struct pb_field *f) MUST_CHECK;

/** OK when the whole message was read without an error, else ERR_FORMAT. */
enum err pb_status(const struct pb *p) MUST_CHECK;

/** The value of a field, poisoning `p` when its wire type is another one or the value does not
 * fit. What is returned then is zero or empty. */
uint64_t pb_u64(struct pb *p, const struct pb_field *f);
uint32_t pb_u32(struct pb *p, const struct pb_field *f);
int64_t pb_sint64(struct pb *p, const struct pb_field *f); /* zigzag */
bool pb_bool(struct pb *p, const struct pb_field *f);
double pb_double(struct pb *p, const struct pb_field *f);
struct span pb_bytes(struct pb *p, const struct pb_field *f);

/* The numbers of one occurrence of a repeated varint field, packed or not:
 *
 *     case 2:
 *         for (struct pb_list l = pb_list(&p, &f); pb_list_next(&p, &l, &v);) add(v);
 */
struct pb_list {
    struct span rest;
    uint64_t one;
    bool has_one;
};

struct pb_list pb_list(struct pb *p, const struct pb_field *f);
bool pb_list_next(struct pb *p, struct pb_list *l, uint64_t *v);

/** Append one field, also when the value is the default: the caller decides what to leave out. */
void pb_put_u64(struct writer *w, uint32_t number, uint64_t v);
void pb_put_sint64(struct writer *w, uint32_t number, int64_t v); /* zigzag */
void pb_put_bool(struct writer *w, uint32_t number, bool v);
void pb_put_double(struct writer *w, uint32_t number, double v);
void pb_put_bytes(struct writer *w, uint32_t number, struct span bytes);

/** Append a repeated varint field in packed form; nothing when count is 0. */
void pb_put_packed(struct writer *w, uint32_t number, const uint64_t *values, size_t count);

/** Append the key and length of a bytes field whose `len` bytes the caller adds by other means. */
void pb_put_head(struct writer *w, uint32_t number, size_t len);

/** Bytes that pb_put_head writes. */
size_t pb_head_size(uint32_t number, size_t len);

/** Begin a nested message; write its fields, then pb_end with what pb_begin returned. */
size_t pb_begin(struct writer *w, uint32_t number);
void pb_end(struct writer *w, size_t begun);
