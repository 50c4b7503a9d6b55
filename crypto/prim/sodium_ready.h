/* Inside crypto/prim: libsodium, set up once, without an entropy source of its own. */
#pragma once

/** Choose libsodium's fastest code for this processor, on first use, from any thread. */
void sodium_ready(void);
