/* SipHash-2-4 with 64-bit output: short keyed hashes for tables that strangers may fill. Not a MAC.
 */
#pragma once

#include "crypto/base/span.h"

/** @source Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012 */
uint64_t siphash(const uint8_t key[16], struct span in);
