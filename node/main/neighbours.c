/* Processes of one user on one machine: each leaves its address in its data folder, and a chat
 * dials those that it finds there, now and whenever one has come, or come back on another port. */
#include "node/main/chat.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define DIAL_AGAIN_MAX 32u /* s: between dials of one that does not answer */

/* A folder for the node that no other chat of this user has: .node1, .node2 ... */
enum err neighbours_folder(const struct session *s, char out[DATA_PATH_MAX])
{
    char path[DATA_PATH_MAX + 8];
    for (unsigned i = 1; i <= CHAT_NODES_MAX; i++) {
        int n = snprintf(out, DATA_PATH_MAX, "%s/.node%u", s->base, i);
        if (n <= 0 || (size_t)n >= DATA_PATH_MAX)
            return ERR_ARGUMENT;
        snprintf(path, sizeof path, "%s/lock", out);
        int fd = open(path, O_RDWR | O_CLOEXEC);
        bool taken = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0;
        if (fd >= 0)
            close(fd);
        if (!taken)
            return OK;
    }
    return ERR_FULL;
}

/* Two lines: the address on this machine, and who is behind it. Written beside and renamed. */
void node_leave_address(const struct node *n)
{
    char path[DATA_PATH_MAX], beside[DATA_PATH_MAX + 8];
    if (n->addresses.local == NULL || data_path(&n->conf, "address", path) != OK)
        return; /* others find us through the network */
    snprintf(beside, sizeof beside, "%s.new", path);
    FILE *f = fopen(beside, "w");
    if (f == NULL)
        return;
    bool written =
        fprintf(f, "%s/p2p/%s\n%ld\n", n->addresses.local, core_id(n->core), (long)getpid()) > 0;
    if (fclose(f) == 0 && written)
        (void)!rename(beside, path);
}

/* Of a process that lives; false: nobody is there. */
static bool address_of(const char *path, char out[NEIGHBOUR_TEXT])
{
    char pid[24] = "";
    FILE *f = fopen(path, "r");
    bool there = f != NULL && fgets(out, NEIGHBOUR_TEXT, f) != NULL && out[0] == '/' &&
                 fgets(pid, sizeof pid, f) != NULL;
    if (f != NULL)
        fclose(f);
    long number = atol(pid);
    out[there ? strcspn(out, "\n") : 0] = '\0';
    return there && number > 1 && (kill((pid_t)number, 0) == 0 || errno == EPERM);
}

static bool connected(const struct session *s, const char *id)
{
    struct core_peer peer;
    for (size_t cursor = 0; core_peers(s->node->core, &cursor, &peer) && peer.connected;)
        if (strcmp(peer.id, id) == 0)
            return true;
    return false;
}

static void meet(struct session *s, struct neighbour *at, const char *path, bool always)
{
    const struct env *env = evio_env(s->node->evio);
    char address[NEIGHBOUR_TEXT];
    if (!address_of(path, address))
        return;
    const char *id = strstr(address, "/p2p/");
    if (id == NULL || (!always && strcmp(id + 5, core_id(s->node->core)) <= 0) ||
        strcmp(id + 5, core_id(s->node->core)) == 0)
        return; /* of two chats one dials the other */
    bool same = strcmp(address, at->address) == 0;
    if (same && connected(s, id + 5))
        at->wait_s = 0;
    else if (!same || env->now.ns >= at->next.ns) {
        at->wait_s = !same || at->wait_s == 0 ? 1 : at->wait_s * 2;
        at->wait_s = at->wait_s > DIAL_AGAIN_MAX ? DIAL_AGAIN_MAX : at->wait_s;
        at->next.ns = env->now.ns + at->wait_s * NS_PER_S;
        memcpy(at->address, address, sizeof address);
        if (core_connect(s->node->core, env, span_str(address), 0) != OK)
            log_debug(env, "main", "neighbour not dialed address=%s", address);
    }
}

void neighbours_meet(struct session *s)
{
    char path[DATA_PATH_MAX + 24];
    snprintf(path, sizeof path, "%s/../address", s->base); /* sotto node of the same data folder */
    meet(s, &s->neighbours[0], path, true);
    for (unsigned i = 1; i <= CHAT_NODES_MAX; i++) {
        snprintf(path, sizeof path, "%s/.node%u/address", s->base, i);
        meet(s, &s->neighbours[i], path, false);
    }
}
