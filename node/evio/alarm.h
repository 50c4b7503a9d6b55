/* One call at a later time, on the loop's thread. Part of the door of node/evio. */
#pragma once

#include "node/evio/evio.h"

struct alarm;

/** Call ring(ctx) once after `ns`. ERR_MEMORY. */
enum err alarm_new(struct alarm **out, struct evio *e, int64_t ns, void (*ring)(void *ctx),
                   void *ctx) MUST_CHECK;

/** Also takes back one that has not rung yet. Accepts NULL. Before evio_free. */
void alarm_free(struct alarm *a);
