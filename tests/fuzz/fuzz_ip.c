#include "net/wire/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t ip[16], again[16];
    char text[IP_TEXT_MAX];

    if (ip_parse(span_of(data, len), ip) != OK)
        return 0;
    ip_text(ip, text);
    enum err err = ip_parse(span_str(text), again);
    assert(err == OK && memcmp(ip, again, sizeof ip) == 0);
    (void)ip_is_private(ip);
    return 0;
}
