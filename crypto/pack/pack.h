/* The one byte form of our own objects: a deterministic subset of MessagePack.
 *
 * Allowed: arrays, integers, bin for bytes, str for UTF-8 text; always the shortest form. Anything
 * else (map, nil, bool, float, ext) and any longer form is malformed, so an object has exactly one
 * encoding and equal objects have equal hashes.
 *
 *     bytes -> pack_open: the scanner walks all of it (types, shortest forms, UTF-8, depth, counts,
 *              nothing behind the end) without an allocation -> pack_read_*: a sticky cursor
 *     pack_write_*: msgpack-c's packer into a struct buf, sticky as well
 *
 * msgpack-c's own reader is not used for foreign bytes: it allocates what a header announces and
 * takes long forms. Spans that are read are borrowed from the input.
 *
 * An object is an array [type, version, fields..., extensions]; extensions are an array of
 * [id, critical, bytes] in rising order of id. An entry that is not known is kept and written again
 * when it is not critical; a critical one makes the object ERR_UNSUPPORTED: "needs a newer
 * version".
 *
 * Bounds: params.h. @source msgpack/spec.md 2017-08
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/pack/params.h"

/* ---- reading ---- */

struct pack_reader {
    struct span rest; /* checked, not read yet */
    enum err err;     /* the first failure; later reads give zeros and empty spans */
};

/** Check a whole encoding and stand before it.
 *
 * @return OK; ERR_FORMAT another type or form, cut short, or bytes behind the end; ERR_LIMIT too
 *         deep, too many elements or bytes
 */
enum err pack_open(struct span in, struct pack_reader *out) MUST_CHECK;

/** Elements of the array that begins here; fewer than `min` or more than `max` is ERR_FORMAT. */
size_t pack_read_array(struct pack_reader *r, size_t min, size_t max);

/** An unsigned number; over `max` is ERR_FORMAT. */
uint64_t pack_read_uint(struct pack_reader *r, uint64_t max);

/** A signed number. */
int64_t pack_read_int(struct pack_reader *r);

/** Bytes, min..max of them. */
struct span pack_read_bin(struct pack_reader *r, size_t min, size_t max);

/** Exactly `len` bytes, copied; zeros after a failure. */
void pack_read_fixed(struct pack_reader *r, uint8_t *out, size_t len);

/** UTF-8 text, min..max bytes. May hold control characters and NUL. */
struct span pack_read_str(struct pack_reader *r, size_t min, size_t max);

/** The next element as it stands, whole. */
struct span pack_read_raw(struct pack_reader *r);

/** The failure so far, else ERR_FORMAT when elements are left. */
enum err pack_end(const struct pack_reader *r) MUST_CHECK;

/* ---- extensions ---- */

struct pack_extension { /* bytes borrowed */
    uint64_t id;
    bool critical;
    struct span bytes;
};

struct pack_extensions {
    struct pack_extension list[PACK_EXTENSIONS_MAX]; /* ids rise */
    size_t count;
};

/** Read an extension array. ERR_FORMAT (sticky) when ids do not rise or an entry is malformed. */
void pack_read_extensions(struct pack_reader *r, struct pack_extensions *out);

/** The entry of that id; NULL: none. */
const struct pack_extension *pack_extension(const struct pack_extensions *x, uint64_t id);

/** Are all critical entries among these ids? OK; ERR_UNSUPPORTED. */
enum err pack_extensions_known(const struct pack_extensions *x, const uint64_t *ids,
                               size_t count) MUST_CHECK;

/* ---- writing ---- */

struct pack_writer {
    struct buf *out; /* borrowed */
    enum err err;    /* ERR_FULL, ERR_MEMORY; nothing more is written */
};

static inline struct pack_writer pack_writer_to(struct buf *out)
{
    return (struct pack_writer){.out = out};
}

void pack_write_array(struct pack_writer *w, size_t count);
void pack_write_uint(struct pack_writer *w, uint64_t v);
void pack_write_int(struct pack_writer *w, int64_t v);
void pack_write_bin(struct pack_writer *w, struct span bytes);
void pack_write_str(struct pack_writer *w, struct span text); /* the caller's text is UTF-8 */
void pack_write_raw(struct pack_writer *w, struct span element);
void pack_write_extensions(struct pack_writer *w, const struct pack_extensions *x);

static inline enum err MUST_CHECK pack_writer_status(const struct pack_writer *w)
{
    return w->err;
}

/** Is it well-formed UTF-8: shortest forms, no surrogates, nothing over U+10FFFF?
 * @source RFC 3629 4 */
bool pack_is_utf8(struct span text);
