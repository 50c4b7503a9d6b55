/* A small gateway of the test's own on loopback, in a child process: UPnP (SSDP and SOAP) and
 * NAT-PMP. What it was asked comes back through a pipe, a line each. */
#define _GNU_SOURCE
#include "net/wire/ip.h"
#include "node/nat/nat.h"
#include "tests/lib/testing.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTSIDE                                                                                    \
    "11.22.33.44" /* public: addresses of documentation count as private for miniupnpc */

static int ssdp = -1, http = -1, pmp = -1, told[2];
static uint16_t http_port;
static pid_t gateway;
static bool conflict, permanent_only;

static void tell(const char *what, unsigned a, unsigned b, unsigned c)
{
    dprintf(told[1], "%s %u %u %u\n", what, a, b, c);
}

/* ---- UPnP ---- */

static void on_ssdp(void)
{
    char in[2048], out[512];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    ssize_t n = recvfrom(ssdp, in, sizeof in - 1, 0, (struct sockaddr *)&from, &len);

    if (n <= 0)
        return;
    in[n] = '\0';
    if (strstr(in, "M-SEARCH") == NULL || strstr(in, "InternetGatewayDevice:1") == NULL)
        return;
    int size = snprintf(out, sizeof out,
                        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\n"
                        "ST: urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
                        "USN: uuid:1::urn:schemas-upnp-org:device:InternetGatewayDevice:1\r\n"
                        "LOCATION: http://127.0.0.1:%u/igd.xml\r\n\r\n",
                        http_port);
    sendto(ssdp, out, (size_t)size, 0, (struct sockaddr *)&from, len);
}

#define SERVICE(type)                                                                              \
    "<serviceList><service><serviceType>urn:schemas-upnp-org:service:" type ":1</serviceType>"     \
    "<serviceId>urn:upnp-org:serviceId:" type "1</serviceId><controlURL>/ctl</controlURL>"         \
    "<eventSubURL>/evt</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service></serviceList>"
#define DEVICE(type, inside)                                                                       \
    "<device><deviceType>urn:schemas-upnp-org:device:" type ":1</deviceType>" inside "</device>"

static const char description[] =
    "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\">" DEVICE(
        "InternetGatewayDevice",
        "<deviceList>" DEVICE(
            "WANDevice",
            SERVICE("WANCommonInterfaceConfig") "<deviceList>" DEVICE(
                "WANConnectionDevice",
                SERVICE("WANIPConnection")) "</deviceList>") "</deviceList>") "</root>";

static unsigned number_in(const char *body, const char *tag)
{
    const char *at = strstr(body, tag);

    return at == NULL ? 0 : (unsigned)strtoul(at + strlen(tag), NULL, 10);
}

static void reply(int fd, int status, const char *body)
{
    dprintf(fd,
            "HTTP/1.1 %d X\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n"
            "Connection: close\r\n\r\n%s",
            status, strlen(body), body);
}

static void fault(int fd, int code)
{
    char body[512];

    snprintf(body, sizeof body,
             "<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>%d</errorCode>"
             "</UPnPError></detail></s:Fault></s:Body></s:Envelope>",
             code);
    reply(fd, 500, body);
}

static void on_soap(int fd, const char *in)
{
    unsigned external = number_in(in, "<NewExternalPort>");
    unsigned lease = number_in(in, "<NewLeaseDuration>");

    if (strstr(in, "GetStatusInfo\"") != NULL) {
        reply(fd, 200,
              "<s:Envelope><s:Body><u:GetStatusInfoResponse><NewConnectionStatus>Connected"
              "</NewConnectionStatus><NewUptime>1</NewUptime></u:GetStatusInfoResponse></s:Body>"
              "</s:Envelope>");
    } else if (strstr(in, "GetExternalIPAddress\"") != NULL) {
        reply(fd, 200,
              "<s:Envelope><s:Body><u:R><NewExternalIPAddress>" OUTSIDE
              "</NewExternalIPAddress></u:R></s:Body></s:Envelope>");
    } else if (strstr(in, "AddPortMapping\"") != NULL) {
        if (permanent_only && lease != 0) {
            fault(fd, 725);
        } else if (conflict && external == 60000) {
            fault(fd, 718);
        } else {
            tell("add", external, number_in(in, "<NewInternalPort>"), lease);
            reply(fd, 200, "<s:Envelope><s:Body><u:R></u:R></s:Body></s:Envelope>");
        }
    } else if (strstr(in, "DeletePortMapping\"") != NULL) {
        tell("delete", external, 0, 0);
        reply(fd, 200, "<s:Envelope><s:Body><u:R></u:R></s:Body></s:Envelope>");
    } else {
        fault(fd, 401);
    }
}

static void on_http(void)
{
    static char in[16384];
    size_t len = 0;
    int fd = accept(http, NULL, NULL);
    const char *head;

    for (ssize_t n; len < sizeof in - 1 && (n = read(fd, in + len, sizeof in - 1 - len)) > 0;) {
        len += (size_t)n;
        in[len] = '\0';
        head = strstr(in, "\r\n\r\n");
        const char *size = strcasestr(in, "content-length:");
        if (head != NULL &&
            (size == NULL || len >= (size_t)(head + 4 - in) + strtoul(size + 15, NULL, 10)))
            break;
    }
    if (strncmp(in, "GET", 3) == 0)
        reply(fd, 200, description);
    else
        on_soap(fd, in);
    close(fd);
}

/* ---- NAT-PMP: RFC 6886 3.2, 3.3 ---- */

static void on_pmp(void)
{
    uint8_t in[64], out[16] = {0};
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    ssize_t n = recvfrom(pmp, in, sizeof in, 0, (struct sockaddr *)&from, &len);

    out[1] = (uint8_t)(in[1] | 0x80);
    if (n == 2 && in[1] == 0) {
        inet_pton(AF_INET, OUTSIDE, out + 8);
        sendto(pmp, out, 12, 0, (struct sockaddr *)&from, len);
    } else if (n == 12) {
        unsigned internal = (unsigned)in[4] << 8 | in[5], wanted = (unsigned)in[6] << 8 | in[7];
        unsigned lease = (unsigned)in[10] << 8 | in[11];
        tell(lease == 0 ? "delete" : "add", wanted, internal, lease);
        memcpy(out + 8, in + 4, 4);
        out[10] = (uint8_t)((wanted + (lease == 0 ? 0 : 1)) >> 8); /* another than was asked for */
        out[11] = (uint8_t)(wanted + (lease == 0 ? 0 : 1));
        out[14] = lease == 0 ? 0 : 900 >> 8;
        out[15] = lease == 0 ? 0 : 900 & 255;
        sendto(pmp, out, 16, 0, (struct sockaddr *)&from, len);
    }
}

/* ---- life ---- */

static int udp(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (port != 1900)
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void serve(void)
{
    struct pollfd fds[] = {{ssdp, POLLIN, 0}, {http, POLLIN, 0}, {pmp, POLLIN, 0}};

    while (poll(fds, 3, 20000) > 0) {
        if (fds[0].revents & POLLIN)
            on_ssdp();
        if (fds[1].revents & POLLIN)
            on_http();
        if (fds[2].revents & POLLIN)
            on_pmp();
    }
    _exit(0);
}

static int start(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    struct ip_mreq group = {0};
    socklen_t len = sizeof at;

    (void)state;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    inet_pton(AF_INET, "239.255.255.250", &group.imr_multiaddr);
    group.imr_interface.s_addr = htonl(INADDR_LOOPBACK);
    ssdp = udp(1900);
    pmp = udp(5351);
    http = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(http >= 0 && bind(http, (struct sockaddr *)&at, sizeof at) == 0);
    assert_int_equal(listen(http, 16), 0);
    assert_int_equal(getsockname(http, (struct sockaddr *)&at, &len), 0);
    http_port = ntohs(at.sin_port);
    assert_int_equal(pipe(told), 0);
    if (ssdp < 0 || pmp < 0 ||
        setsockopt(ssdp, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0)
        return 0; /* somebody else's gateway here: the tests skip */
    gateway = fork();
    assert_true(gateway >= 0);
    if (gateway == 0)
        serve();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (gateway > 0) {
        kill(gateway, SIGKILL);
        waitpid(gateway, NULL, 0);
    }
    gateway = 0;
    conflict = permanent_only = false;
    int fds[] = {ssdp, http, pmp, told[0], told[1]};
    for (size_t i = 0; i < 5; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    return 0;
}

static void need_gateway(void)
{
    if (gateway <= 0) {
        print_message("skipped: port 1900 or 5351 is taken, or there is no multicast here\n");
        skip();
    }
}

static void assert_told(const char *expected)
{
    char text[512] = "";
    struct pollfd fd = {told[0], POLLIN, 0};
    ssize_t n = poll(&fd, 1, 1000) > 0 ? read(told[0], text, sizeof text - 1) : 0;

    text[n > 0 ? n : 0] = '\0';
    assert_string_equal(text, expected);
}

static struct portmap_request request(unsigned method)
{
    struct portmap_request r = {.method = method,
                                .gateway = "127.0.0.1",
                                .ports = {{.internal = 60000}, {.udp = true, .internal = 9000}},
                                .count = 2,
                                .lease_s = 3600};
    return r;
}

static void assert_outside(const struct portmap_answer *a)
{
    char text[IP_TEXT_MAX];

    ip_text(a->ip, text);
    assert_string_equal(text, OUTSIDE);
}

static void upnp_maps_and_unmaps(void **state)
{
    (void)state;
    struct portmap_request r = request(PORTMAP_UPNP);
    struct portmap_answer a;

    need_gateway();
    nat_ask(&r, &a);
    assert_ok(a.err);
    assert_outside(&a);
    assert_int_equal(a.external[0], 60000);
    assert_int_equal(a.external[1], 9000);
    assert_int_equal(a.lease_s, 3600);
    assert_told("add 60000 60000 3600\nadd 9000 9000 3600\n");
    r.unmap = true;
    nat_ask(&r, &a);
    assert_ok(a.err);
    assert_told("delete 60000 0 0\ndelete 9000 0 0\n");
}

static int start_difficult(void **state)
{
    conflict = permanent_only = true;
    return start(state);
}

static void upnp_takes_another_port_and_a_permanent_lease(void **state)
{
    (void)state;
    struct portmap_request r = request(PORTMAP_UPNP);
    struct portmap_answer a;

    need_gateway();
    r.count = 1;
    nat_ask(&r, &a);
    assert_ok(a.err);
    assert_int_equal(a.external[0], 61009);
    assert_int_equal(a.lease_s, 0);
    assert_told("add 61009 60000 0\n");
}

static void pmp_maps_and_unmaps(void **state)
{
    (void)state;
    struct portmap_request r = request(PORTMAP_PMP);
    struct portmap_answer a;

    need_gateway();
    nat_ask(&r, &a);
    assert_ok(a.err);
    assert_outside(&a);
    assert_int_equal(a.external[0], 60001); /* as the gateway chose */
    assert_int_equal(a.external[1], 9001);
    assert_int_equal(a.lease_s, 900);
    assert_told("add 60000 60000 3600\nadd 9000 9000 3600\n");
    r.unmap = true;
    nat_ask(&r, &a);
    assert_ok(a.err);
    assert_told("delete 0 60000 0\ndelete 0 9000 0\n");
}

static void no_gateway_is_told_within_seconds(void **state)
{
    (void)state;
    struct portmap_request r = request(PORTMAP_PMP);
    struct portmap_answer a;

    snprintf(r.gateway, sizeof r.gateway, "127.0.0.77"); /* nobody */
    nat_ask(&r, &a);
    assert_true(a.err == ERR_NOT_FOUND || a.err == ERR_TIMEOUT || a.err == ERR_REFUSED);
    r.method = 4;
    nat_ask(&r, &a);
    assert_err(a.err, ERR_UNSUPPORTED);
}

/* A network of our own, where we may make one: the ports are fixed by the protocols. */
static void own_network(void)
{
    struct ifreq lo = {.ifr_name = "lo"};

    if (unshare(CLONE_NEWNET) != 0)
        return;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    lo.ifr_flags = IFF_UP | IFF_RUNNING;
    ioctl(fd, SIOCSIFFLAGS, &lo);
    close(fd);
}

int main(void)
{
    own_network();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(upnp_maps_and_unmaps, start, stop),
        cmocka_unit_test_setup_teardown(upnp_takes_another_port_and_a_permanent_lease,
                                        start_difficult, stop),
        cmocka_unit_test_setup_teardown(pmp_maps_and_unmaps, start, stop),
        cmocka_unit_test(no_gateway_is_told_within_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
