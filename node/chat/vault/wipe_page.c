#include "node/chat/vault/wipe_page.h"

#include "crypto/base/reader.h"
#include "crypto/base/wipe.h"
#include "crypto/base/writer.h"
#include "crypto/prim/labels.h"

#define MAGIC   SPAN_LIT("sottowip")
#define VERSION 1u

static void check_of(struct span body, uint8_t out[SHA256_BYTES])
{
    label_hash(LABEL_STORE_PAGE, &body, 1, out);
}

enum err wipe_slot_write(const struct wipe_slot *s, uint8_t out[WIPE_SLOT_BYTES])
{
    struct buf b = BUF_INIT(WIPE_SLOT_BYTES);
    struct writer w = writer_to(&b);
    uint8_t check[SHA256_BYTES];

    /* in one piece, so that the secrets are not left in blocks that the buffer outgrew */
    w.err = buf_reserve(&b, WIPE_SLOT_BYTES);
    write_bytes(&w, MAGIC);
    write_u8(&w, VERSION);
    write_be64(&w, s->number);
    write_bytes(&w, SPAN_ARRAY(s->place));
    for (size_t i = 0; i < WIPE_KEYS; i++)
        write_bytes(&w, SPAN_ARRAY(s->keys[i]));
    write_be16(&w, (uint16_t)s->lock_len);
    write_bytes(&w, span_of(s->lock, s->lock_len));
    check_of(buf_span(&b), check);
    write_bytes(&w, SPAN_ARRAY(check));
    memset(out, 0, WIPE_SLOT_BYTES);
    if (writer_status(&w) == OK)
        memcpy(out, b.ptr, b.len);
    buf_clear(&b);
    return writer_status(&w);
}

enum err wipe_slot_read(struct wipe_slot *s, const uint8_t in[WIPE_SLOT_BYTES])
{
    struct reader r = reader_of(span_of(in, WIPE_SLOT_BYTES));
    uint8_t check[SHA256_BYTES];

    memset(s, 0, sizeof *s);
    if (!span_eq(read_bytes(&r, MAGIC.len), MAGIC))
        return ERR_FORMAT;
    if (read_u8(&r) != VERSION)
        return ERR_UNSUPPORTED;
    s->number = read_be64(&r);
    memcpy(s->place, read_bytes(&r, WIPE_PLACE_BYTES).ptr, WIPE_PLACE_BYTES);
    for (size_t i = 0; i < WIPE_KEYS; i++)
        memcpy(s->keys[i], read_bytes(&r, WIPE_KEY_BYTES).ptr, WIPE_KEY_BYTES);
    struct span lock = read_bytes(&r, read_be16(&r));
    size_t body = (size_t)(r.rest.ptr - in);
    struct span stored = read_bytes(&r, SHA256_BYTES);
    enum err err = reader_status(&r) != OK || lock.len == 0 || lock.len > WIPE_LOCK_BYTES_MAX
                       ? ERR_FORMAT
                       : OK;
    if (err == OK) {
        check_of(span_of(in, body), check);
        err = span_eq(stored, SPAN_ARRAY(check)) ? OK : ERR_FORMAT;
    }
    if (err == OK) {
        s->lock_len = lock.len;
        memcpy(s->lock, lock.ptr, lock.len);
    } else {
        wipe(s, sizeof *s);
    }
    return err;
}
