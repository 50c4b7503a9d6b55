/* Private to net/ws. */
#pragma once

#include "net/ws/ws.h"

enum ws_state {
    WS_HEAD, /* request or response is not complete */
    WS_FRAMES,
    WS_ENDED, /* failed, or both said good-bye */
};

struct ws {
    enum ws_state state;
    bool dialer;
    bool closing;    /* our close frame was sent */
    bool in_message; /* a message began that has not ended */
    bool fin;        /* of the frame that is read */
    bool pong_due;
    uint8_t opcode;   /* of the frame that is read */
    uint8_t pong_len; /* what the last ping carried */
    uint8_t control_len;
    uint8_t pong[WS_CONTROL_BYTES_MAX];
    uint8_t control[WS_CONTROL_BYTES_MAX]; /* payload of the control frame that is read */
    char accept[29];                       /* dialer: what the other side must answer */
    struct ws_common *common;
    struct ws_codec *codec; /* owned; NULL: at a border between frames, and nothing is buffered */
    uint64_t frame_left;    /* payload of this frame that has not come */
    uint64_t message_bytes; /* of this message, so far */
    uint64_t fed, parsed;   /* bytes the codec was given, and what became of them */
    size_t out_at, out_len; /* between ws_begin and ws_end */
    struct buf head;        /* not complete yet */
};

/* ---- head.c: HTTP/1.1 heads ---- */

enum ws_field {
    WS_FIELD_HOST,
    WS_FIELD_UPGRADE,
    WS_FIELD_CONNECTION,
    WS_FIELD_KEY,
    WS_FIELD_VERSION,
    WS_FIELD_ACCEPT,
    WS_FIELD_EXTENSIONS,
    WS_FIELD_PROTOCOL,
    WS_FIELD_LENGTH,
    WS_FIELD_ENCODING,
    WS_FIELDS,
};

struct ws_head { /* spans are borrowed from the text */
    struct span line;
    struct span value[WS_FIELDS]; /* the last of that name */
    unsigned count[WS_FIELDS];
    bool upgrades;         /* Upgrade names websocket */
    bool connection_tells; /* Connection names Upgrade */
};

/** Take bytes up to the empty line.
 *
 * @return OK, it is complete; ERR_MORE; ERR_LIMIT over WS_HEAD_BYTES_MAX; ERR_FORMAT a byte that no
 *         head has; ERR_MEMORY
 */
enum err ws_head_take(struct buf *head, struct span *in) MUST_CHECK;

/** Parse a complete head. ERR_FORMAT; ERR_LIMIT over WS_FIELDS_MAX. @source RFC 9112 2 to 5 */
enum err ws_head_read(struct span text, struct ws_head *out) MUST_CHECK;

/* ---- handshake.c ---- */

/** Judge a complete request and append the response; OK: upgraded. */
enum err ws_answer(struct ws *w, struct buf *wire) MUST_CHECK;

/** Append the response to a head that cannot be read. */
void ws_reject(enum err why, struct buf *wire);

/** Judge a complete response. */
enum err ws_judge(struct ws *w) MUST_CHECK;

/* ---- frames.c ---- */

enum err ws_frames_feed(struct ws *w, const struct env *env, struct span *in, struct span *payload,
                        struct buf *wire) MUST_CHECK;
void ws_codec_free(struct ws_codec *c);
