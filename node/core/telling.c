/* What the host tells, and whom in here it concerns. */
#include "net/wire/peer_record.h"
#include "node/core/inside.h"

void core_message_show(struct core *c, const struct env *env, const struct host_out *out)
{
    struct event_slot slot = {.message = blob_ref(out->data), .topic = blob_new(out->topic)};

    slot.event.kind = CORE_EVENT_MESSAGE;
    slot.event.peer = out->peer;
    slot.event.message = out->payload;
    slot.event.pubsub_topic = slot.topic == NULL ? SPAN_EMPTY : blob_span(slot.topic);
    memcpy(slot.event.hash, out->hash, sizeof slot.event.hash);
    core_emit(c, env, &slot);
    archiving_add(c, env, out);
    c->counters.messages_valid++;
    chatting_message(c, env, out->payload);
}

void core_message_public(struct core *c, const struct env *env, const struct host_out *out)
{
    filtering_message(c, env, out);
}

void core_message_seen(struct core *c, const struct env *env, const struct host_out *out)
{
    core_message_show(c, env, out);
    core_message_public(c, env, out);
}

static void tell_peer(struct core *c, const struct env *env, enum core_event_kind kind,
                      const struct host_out *out)
{
    core_emit(c, env,
              &(struct event_slot){.event = {.kind = kind,
                                             .peer = out->peer,
                                             .ticket = out->ticket,
                                             .err = out->err,
                                             .round_trip_ns = out->round_trip_ns}});
}

static void told_message(struct core *c, const struct env *env, const struct host_out *out)
{
    if (stemming_seen(c, out->hash))
        core_message_public(c, env, out);
    else
        core_message_seen(c, env, out);
}

static void told_invalid(struct core *c, const struct env *env, const struct host_out *out)
{
    (void)env;
    c->counters.messages_over_bandwidth += out->err == ERR_FULL;
    c->counters.messages_invalid += out->err != ERR_FULL;
    c->counters.messages_too_large += out->err == ERR_LIMIT;
}

static void told_answer(struct core *c, const struct env *env, const struct host_out *out)
{
    if (out->ticket & CORE_TICKET_OWN)
        resuming_answered(c, env, out);
    else if (out->ticket & CORE_TICKET_CHAT)
        chatting_store_answered(c, env, out->ticket, out->err, out->answer);
    else
        query_answered(c, env, out);
}

static void told_peer_up(struct core *c, const struct env *env, const struct host_out *out)
{
    candidates_up(c, env, out->peer);
    tell_peer(c, env, CORE_EVENT_PEER_UP, out);
}

static void told_peer_known(struct core *c, const struct env *env, const struct host_out *out)
{
    candidates_known(c, env, out->peer);
    filtering_peers_changed(c, env);
    chatting_peers_changed(c);
    tell_peer(c, env, CORE_EVENT_PEER_KNOWN, out);
}

static void told_peer_down(struct core *c, const struct env *env, const struct host_out *out)
{
    candidates_down(c, env, out);
    clock_peer_down(&c->clock, out->peer);
    filtering_peers_changed(c, env);
    chatting_peers_changed(c);
    tell_peer(c, env, CORE_EVENT_PEER_DOWN, out);
}

static void told_pong(struct core *c, const struct env *env, const struct host_out *out)
{
    tell_peer(c, env, CORE_EVENT_PONG, out);
}

static void told_circuit_failed(struct core *c, const struct env *env, const struct host_out *out)
{
    swarm_circuit_failed(c->swarm, env, out->ticket, out->err);
}

static void told_reach(struct core *c, const struct env *env, const struct host_out *out)
{
    (void)out;
    reaching_update(c, env);
}

static void told_connect(struct core *c, const struct env *env, const struct host_out *out)
{
    candidates_record(c, env, &envelope_peer_record, out->record, PEERS_GOSSIP, out->peer);
}

typedef void told_fn(struct core *c, const struct env *env, const struct host_out *out);

void core_host_told(struct core *c, const struct env *env, const struct host_out *out)
{
    static told_fn *const told[] = {
        [HOST_OUT_MESSAGE] = told_message,
        [HOST_OUT_INVALID] = told_invalid,
        [HOST_OUT_QUERY] = query_of_peer,
        [HOST_OUT_ANSWER] = told_answer,
        [HOST_OUT_PUSH] = push_of_peer,
        [HOST_OUT_PUSHED] = push_answered,
        [HOST_OUT_PEER_UP] = told_peer_up,
        [HOST_OUT_FILTERED] = filtering_told,
        [HOST_OUT_FILTER_ANSWER] = filtering_told,
        [HOST_OUT_FILTER_LOST] = filtering_told,
        [HOST_OUT_PEER_KNOWN] = told_peer_known,
        [HOST_OUT_PEER_DOWN] = told_peer_down,
        [HOST_OUT_PONG] = told_pong,
        [HOST_OUT_DIAL] = reaching_dial,
        [HOST_OUT_CIRCUIT_FAILED] = told_circuit_failed,
        [HOST_OUT_REACH] = told_reach,
        [HOST_OUT_SYNC_FETCH] = syncing_fetch,
        [HOST_OUT_SYNC_MESSAGE] = archiving_add_fetched,
        [HOST_OUT_SYNC_ENDED] = syncing_ended,
        [HOST_OUT_MEETING] = meeting_answered,
        [HOST_OUT_RECORDS] = asking_answered,
        [HOST_OUT_CONNECT] = told_connect,
    };
    told[out->kind](c, env, out);
}
