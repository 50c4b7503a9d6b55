/* Namespaces and TUN devices: one for each node, kept by a process of its own. */
#define _GNU_SOURCE
#include "tests/netlab/spaces.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

uint32_t address_of(uint32_t node)
{
    return 10u << 24 | 66u << 16 | (node + 1);
}

void die(int code, const char *what)
{
    fprintf(stderr, "netlab: %s: %s\n", what, strerror(errno));
    exit(code);
}

static void put_address(int s, const char *name, uint32_t ip, unsigned long request)
{
    struct ifreq r = {.ifr_name = ""};
    struct sockaddr_in *in = (void *)&r.ifr_addr;
    snprintf(r.ifr_name, IFNAMSIZ, "%s", name);
    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(ip);
    if (ioctl(s, request, &r) != 0)
        die(EXIT_NOT_HERE, "address");
}

static void up(int s, const char *name)
{
    struct ifreq r = {.ifr_name = ""};
    snprintf(r.ifr_name, IFNAMSIZ, "%s", name);
    r.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(s, SIOCSIFFLAGS, &r) != 0)
        die(EXIT_NOT_HERE, name);
}

/* In a namespace of our own: a device, whose other end is returned. */
static int make_device(uint32_t node)
{
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    struct ifreq r = {.ifr_name = "lab"};
    if (tun < 0 || s < 0)
        die(EXIT_NOT_HERE, "/dev/net/tun");
    r.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (ioctl(tun, TUNSETIFF, &r) != 0)
        die(EXIT_NOT_HERE, "TUN device");
    up(s, "lo");
    put_address(s, "lab", address_of(node), SIOCSIFADDR);
    put_address(s, "lab", 0xffff0000u, SIOCSIFNETMASK);
    struct ifreq q = {.ifr_name = "lab", .ifr_qlen = 10000};
    (void)!ioctl(s, SIOCSIFTXQLEN, &q);
    up(s, "lab");
    close(s);
    return tun;
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, text, strlen(text));
        close(fd);
    }
}

/* root in our own user namespace is enough */
void become_root(void)
{
    char map[64];
    uid_t uid = getuid();
    gid_t gid = getgid();
    if (uid == 0)
        return;
    if (unshare(CLONE_NEWUSER) != 0)
        die(EXIT_NOT_HERE, "user namespace");
    write_file("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1", uid);
    write_file("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1", gid);
    write_file("/proc/self/gid_map", map);
}

static void send_fd(int socket, int fd)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    char byte = 0;
    struct iovec io = {&byte, 1};
    struct msghdr m = {.msg_iov = &io,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    if (sendmsg(socket, &m, 0) != 1)
        die(EXIT_NOT_HERE, "handing over a device");
}

static int receive_fd(int socket)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    char byte;
    int fd = -1;
    struct iovec io = {&byte, 1};
    struct msghdr m = {.msg_iov = &io,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    if (recvmsg(socket, &m, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&m) == NULL)
        exit(EXIT_NOT_HERE); /* it has said why */
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof fd);
    return fd;
}

pid_t hold(uint32_t i, char **command, int *tun)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        die(EXIT_NOT_HERE, "socket pair");
    pid_t holder = fork();
    if (holder < 0)
        die(EXIT_NOT_HERE, "fork");
    if (holder == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (unshare(CLONE_NEWNET) != 0)
            die(EXIT_NOT_HERE, "network namespace");
        int own = make_device(i);
        send_fd(pair[1], own);
        close(own);
        while (command == NULL)
            pause();
        execvp(command[0], command);
        die(127, command[0]);
    }
    close(pair[1]);
    *tun = receive_fd(pair[0]);
    close(pair[0]);
    return holder;
}
