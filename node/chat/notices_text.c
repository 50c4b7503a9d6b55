/* Notices in words. */
#include "node/chat/notices.h"

#include <stdio.h>

enum word { /* of a sentence: */
    END = 0,
    BY,
    WHOM,
    NAME,
};

/* What stands between the parts. */
static const struct sentence {
    enum chat_notice kind;
    enum word first;
    const char *middle;
    enum word second;
} sentences[] = {
    {CHAT_NOTICE_ADDED, BY, " added ", WHOM},
    {CHAT_NOTICE_REMOVED, BY, " removed ", WHOM},
    {CHAT_NOTICE_LEFT, WHOM, " left", END},
    {CHAT_NOTICE_NAMED, BY, " named the group ", NAME},
    {CHAT_NOTICE_ROLE, BY, " made ", WHOM},
    {CHAT_NOTICE_REJOINED, WHOM, " had lost the thread and came back", END},
    {CHAT_NOTICE_DEVICE_ADDED, WHOM, " added a device: verify it", END},
    {CHAT_NOTICE_DEVICE_REVOKED, WHOM, " removed a device", END},
    {CHAT_NOTICE_ROTATED, WHOM, " changed the key of the account: verify it", END},
    {CHAT_NOTICE_RECOVERED, WHOM, " took the account back with the 24 words: verify it", END},
};

static const char *const roles[] = {
    [CHAT_MEMBER] = " a member", [CHAT_ADMIN] = " an admin", [CHAT_OWNER] = " an owner"};

static enum err add_text(struct buf *out, const char *text)
{
    return text[0] == '\0' ? OK : buf_append(out, span_str(text));
}

static enum err add_person(const struct chat *c, const uint8_t account[32], bool subject,
                           struct buf *out)
{
    char text[CHAT_ACCOUNT_TEXT_MAX];
    const struct person *p = people_find(c, account);
    if (p == c->me)
        return add_text(out, subject ? "You" : "you");
    if (p != NULL && (p->name[0] != '\0' || p->calls_self[0] != '\0'))
        return add_text(out, p->name[0] != '\0' ? p->name : p->calls_self);
    identity_text(account, text);
    text[16] = '\0'; /* enough to be told apart */
    return add_text(out, text);
}

static enum err add_part(const struct chat *c, const struct notice *n, enum word part, bool subject,
                         struct buf *out)
{
    char many[32];
    switch (part) {
    case BY:
        return add_person(c, n->by, subject, out);
    case WHOM:
        if (n->number == 0 || n->kind == CHAT_NOTICE_ROLE)
            return add_person(c, n->account, subject, out);
        snprintf(many, sizeof many, "%u people", n->number);
        return add_text(out, many);
    case NAME:
        return n->name_len == 0 ? add_text(out, "nothing")
                                : buf_append(out, span_of(n->name, n->name_len));
    default:
        return OK;
    }
}

static enum err sentence(const struct chat *c, const struct notice *n, struct buf *out)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
        const struct sentence *s = &sentences[i];
        if (s->kind != n->kind)
            continue;
        TRY(add_part(c, n, s->first, true, out));
        TRY(add_text(out, s->middle));
        TRY(add_part(c, n, s->second, false, out));
        if (n->kind == CHAT_NOTICE_ROLE && n->number <= CHAT_OWNER)
            TRY(add_text(out, roles[n->number]));
        return OK;
    }
    return OK;
}

enum err notice_show(struct chat *c, const struct talk *t, const struct entry_id *id,
                     struct span row, struct chat_entry *out)
{
    struct notice n;
    TRY(notice_read(row, &n) == OK ? OK : ERR_CORRUPT);
    buf_reset(&c->edit);
    TRY(sentence(c, &n, &c->edit));
    *out = (struct chat_entry){.conversation = t->id,
                               .content = CHAT_NOTICE,
                               .state = CHAT_ENTRY_RECEIVED,
                               .tag = (uint64_t)n.kind,
                               .text = buf_span(&c->edit)};
    memcpy(out->id.bytes, id->bytes, sizeof out->id.bytes);
    memcpy(out->author.bytes, n.by, sizeof out->author.bytes);
    memcpy(out->subject.bytes, n.account, sizeof out->subject.bytes);
    memcpy(out->device.bytes, n.installation, sizeof out->device.bytes);
    return OK;
}
