/* Writing: msgpack-c's packer, which always takes the shortest form, into a struct buf. */
#include "crypto/pack/pack.h"

#include <msgpack/pack.h>

static int append(void *state, const char *bytes, size_t len)
{
    struct pack_writer *w = state;

    if (w->err == OK)
        w->err = buf_append(w->out, span_of(bytes, len));
    return w->err == OK ? 0 : -1;
}

static msgpack_packer packer(struct pack_writer *w)
{
    return (msgpack_packer){.data = w, .callback = append};
}

void pack_write_array(struct pack_writer *w, size_t count)
{
    msgpack_packer p = packer(w);

    assert(count <= PACK_ITEMS_MAX);
    (void)msgpack_pack_array(&p, count);
}

void pack_write_uint(struct pack_writer *w, uint64_t v)
{
    msgpack_packer p = packer(w);

    (void)msgpack_pack_uint64(&p, v);
}

void pack_write_int(struct pack_writer *w, int64_t v)
{
    msgpack_packer p = packer(w);

    (void)msgpack_pack_int64(&p, v);
}

void pack_write_bin(struct pack_writer *w, struct span bytes)
{
    msgpack_packer p = packer(w);

    assert(bytes.len <= PACK_BYTES_MAX);
    (void)msgpack_pack_bin(&p, bytes.len);
    (void)append(w, (const char *)bytes.ptr, bytes.len);
}

void pack_write_str(struct pack_writer *w, struct span text)
{
    msgpack_packer p = packer(w);

    assert(text.len <= PACK_BYTES_MAX);
    (void)msgpack_pack_str(&p, text.len);
    (void)append(w, (const char *)text.ptr, text.len);
}

void pack_write_raw(struct pack_writer *w, struct span element)
{
    (void)append(w, (const char *)element.ptr, element.len);
}

void pack_write_extensions(struct pack_writer *w, const struct pack_extensions *x)
{
    pack_write_array(w, x->count);
    for (size_t i = 0; i < x->count; i++) {
        pack_write_array(w, 3);
        pack_write_uint(w, x->list[i].id);
        pack_write_uint(w, x->list[i].critical);
        pack_write_bin(w, x->list[i].bytes);
    }
}
