/* What people and conversations are called, and whom a typed name means. */
#include "node/tui/inside.h"

#include <stdio.h>

#define SHORT_CHARS 14 /* "sotto1" and 8 of its characters */

void name_of_person(const struct chat_person *p, char out[CHAT_NAME_MAX])
{
    if (p->self)
        snprintf(out, CHAT_NAME_MAX, "%s", p->calls_self[0] != '\0' ? p->calls_self : "you");
    else if (p->name[0] != '\0')
        snprintf(out, CHAT_NAME_MAX, "%s", p->name);
    else if (p->calls_self[0] != '\0') /* a claim, and shown as one */
        snprintf(out, CHAT_NAME_MAX, "~%.254s", p->calls_self);
    else
        snprintf(out, CHAT_NAME_MAX, "%.*s", SHORT_CHARS, p->text);
}

void name_of(struct tui *t, const struct chat_account *account, char out[CHAT_NAME_MAX])
{
    struct chat_person p;
    if (t->source->person(t->chat, account, &p) == OK)
        name_of_person(&p, out);
    else
        snprintf(out, CHAT_NAME_MAX, "?");
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool alike(struct span a, const char *b)
{
    if (a.len != strlen(b))
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower((uint8_t)b[i]))
            return false;
    return true;
}

/* What we call somebody goes before what somebody calls itself, and that must be the only one. */
static int likeness(struct span who, const struct chat_person *p)
{
    if (alike(who, p->text))
        return 4;
    if (p->name[0] != '\0' && alike(who, p->name))
        return 3;
    if (p->self && (alike(who, "me") || alike(who, "self")))
        return 3;
    if (who.len >= 10 && who.len < strlen(p->text) && span_starts(span_str(p->text), who))
        return 2;
    struct span claimed = who.len > 1 && who.ptr[0] == '~' ? span_after(who, 1) : who;
    return p->name[0] == '\0' && p->calls_self[0] != '\0' && alike(claimed, p->calls_self);
}

enum err find_person(struct tui *t, struct span who, struct chat_person *out)
{
    struct chat_person p;
    size_t cursor = 0;
    int best = 0;
    bool twice = false;

    while (who.len > 0 && t->source->people(t->chat, &cursor, &p)) {
        int like = likeness(who, &p);
        if (like < best || like == 0)
            continue;
        twice = like == best;
        best = like;
        *out = p;
    }
    return best == 0 ? ERR_NOT_FOUND : twice ? ERR_ARGUMENT : OK;
}

static bool number_of(struct span text, size_t *out)
{
    *out = 0;
    if (text.len > 0 && text.ptr[0] == '#')
        text = span_after(text, 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || text.len > 4)
            return false;
        *out = *out * 10 + (text.ptr[i] - '0');
    }
    return text.len > 0;
}

static bool id_starts(const struct chat_conversation *id, struct span hex)
{
    static const char digits[] = "0123456789abcdef";
    if (hex.len < 8 || hex.len > 2 * sizeof id->bytes)
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        unsigned nibble = i % 2 == 0 ? id->bytes[i / 2] >> 4 : id->bytes[i / 2] & 15u;
        if (lower(hex.ptr[i]) != (uint8_t)digits[nibble])
            return false;
    }
    return true;
}

/* Its number in the list, its name, or the beginning of its id. */
enum err find_conversation(struct tui *t, struct span which, struct chat_summary *out)
{
    struct chat_summary s;
    char called[CHAT_NAME_MAX];
    size_t cursor = 0, number, at = 0, found = 0;
    bool numbered = number_of(which, &number);

    while (which.len > 0 && at < TUI_LIST_MAX && t->source->conversations(t->chat, &cursor, &s)) {
        at++;
        name_of_talk(t, &s, called);
        bool by_number = numbered && at == number;
        if (!by_number && !alike(which, called) && !id_starts(&s.id, which))
            continue;
        *out = s;
        if (by_number)
            return OK;
        found++;
    }
    return found == 0 ? ERR_NOT_FOUND : found > 1 ? ERR_ARGUMENT : OK;
}

void time_text(const struct tui *t, int64_t ns, char out[24], bool day)
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* from 1970-01-01 on */
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int64_t seconds = ns / NS_PER_S + t->utc_offset_s;
    seconds = seconds < 0 ? 0 : seconds;
    int64_t date = seconds / 86400;
    unsigned minutes = (unsigned)(seconds % 86400 / 60);
    if (!day) {
        snprintf(out, 24, "%02u:%02u", minutes / 60, minutes % 60);
        return;
    }
    /* years begin in March and eras of 400 years at 0000-03-01, 719468 days before 1970 */
    int64_t z = date + 719468, era = z / 146097, of_era = z % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153, of_month = of_year - (153 * month + 2) / 5 + 1;
    month = month < 10 ? month + 2 : month - 10; /* from 0: January */
    year += era * 400 + (month < 2);
    snprintf(out, 24, "%.3s %02d %.3s %04d", days + date % 7 * 3, (int)of_month, months + month * 3,
             (int)(year % 10000));
}

void name_of_talk(struct tui *t, const struct chat_summary *s, char out[CHAT_NAME_MAX])
{
    if (s->name[0] != '\0')
        snprintf(out, CHAT_NAME_MAX, "%s", s->name);
    else if (s->type == CHAT_DIRECT)
        name_of(t, &s->with, out);
    else
        snprintf(out, CHAT_NAME_MAX, s->type == CHAT_SELF ? "notes to yourself" : "(no name)");
}
