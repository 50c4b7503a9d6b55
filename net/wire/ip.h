/* IP addresses as 16 bytes (IPv4 mapped into ::ffff:0:0/96) and as text, without the system's
 * resolver functions. */
#pragma once

#include "crypto/base/span.h"

#define IP_TEXT_MAX 46u /* chars of the longest text with NUL */

/** The four bytes of a mapped IPv4 address, NULL when it is IPv6. */
const uint8_t *ip_v4(const uint8_t ip[16]);

/** Map four bytes. */
void ip_from_v4(const uint8_t v4[4], uint8_t ip[16]);

/** "192.0.2.1", or RFC 5952 text of IPv6. */
void ip_text(const uint8_t ip[16], char out[IP_TEXT_MAX]);

/** RFC 5952 text of 16 bytes even when they are a mapped IPv4 address. */
void ip6_text(const uint8_t ip[16], char out[IP_TEXT_MAX]);

/** Parse dotted quads without leading zeros. OK; ERR_FORMAT. */
enum err ip4_parse(struct span text, uint8_t v4[4]) MUST_CHECK;

/** Parse RFC 4291 2.2 text, without zone. OK; ERR_FORMAT. */
enum err ip6_parse(struct span text, uint8_t ip[16]) MUST_CHECK;

/** Parse either kind; IPv4 is mapped. OK; ERR_FORMAT. */
enum err ip_parse(struct span text, uint8_t ip[16]) MUST_CHECK;

/** Loopback, private, link-local, shared (100.64/10), unique-local or unspecified. */
bool ip_is_private(const uint8_t ip[16]);

/** 127.0.0.0/8 or ::1. */
bool ip_is_loopback(const uint8_t ip[16]);
