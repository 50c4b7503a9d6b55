/* The physical bound of a relay line A -> B -> C on loopback, which no correct relay can beat here:
 * A seals Noise-sized ChaCha20-Poly1305 frames, B opens, hashes (the message id) and seals again,
 * C opens and hashes. No gossipsub bookkeeping, no protobuf, no multiplexer, one process each.
 *
 * A frame is a 2-byte length, ciphertext and tag. A message begins with: double time of sending,
 * uint32 its length.
 *
 * usage: bench_relay_bound [RUNS]     JSON lines, see figures.h
 */
#include "tests/bench/figures.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PEER          "bound: bare C, OpenSSL, sockets"
#define FRAME_PLAIN   65519u /* Noise: 65535 with the tag */
#define TAG           16u
#define MESSAGE_MAX   (200u << 10)
#define BUFFER        (1u << 20)
#define WRITE_AT      65536u /* gather this much before a write */
#define RUNS_MAX      15
#define HEADER_LENGTH 8u /* offset of the length in a message */

struct load {
    const char *label;
    uint32_t bytes;
    long count;
    double rate; /* messages a second, 0: as fast as they go */
};

struct result {
    double per_second, p50_ms, p99_ms, middle_cpu_s;
};

/* one direction of a sealed link */
struct key {
    EVP_CIPHER_CTX *ctx;
    uint64_t nonce;
};

/* reads frames from a socket and puts messages together */
struct intake {
    int fd;
    struct key key;
    uint8_t wire[BUFFER];
    size_t held;
    uint8_t message[MESSAGE_MAX + FRAME_PLAIN];
    size_t got;
};

static EVP_CIPHER *cipher;
static EVP_MD *sha256;
static EVP_MD_CTX *hasher;
static struct intake intake;
static uint8_t outgoing[BUFFER];
static uint8_t plain[FRAME_PLAIN + TAG];

static void must(bool good)
{
    if (!good) {
        perror("bench_relay_bound");
        abort();
    }
}

static void key_init(struct key *k, int sealing)
{
    static const uint8_t secret[32] = {5};
    uint8_t nonce[12] = {0};
    k->ctx = EVP_CIPHER_CTX_new();
    k->nonce = 0;
    must(EVP_CipherInit_ex(k->ctx, cipher, NULL, secret, nonce, sealing) == 1);
}

static void next_nonce(struct key *k, uint8_t nonce[12])
{
    memset(nonce, 0, 12);
    memcpy(nonce + 4, &k->nonce, sizeof k->nonce);
    k->nonce++;
}

/* writes length, ciphertext, tag; returns their bytes */
static size_t seal(struct key *k, uint8_t *out, const uint8_t *in, size_t len)
{
    uint8_t nonce[12];
    int n;
    size_t sealed = len + TAG;
    next_nonce(k, nonce);
    out[0] = (uint8_t)(sealed >> 8);
    out[1] = (uint8_t)sealed;
    EVP_EncryptInit_ex(k->ctx, NULL, NULL, NULL, nonce);
    EVP_EncryptUpdate(k->ctx, out + 2, &n, in, (int)len);
    EVP_EncryptFinal_ex(k->ctx, out + 2 + n, &n);
    EVP_CIPHER_CTX_ctrl(k->ctx, EVP_CTRL_AEAD_GET_TAG, TAG, out + 2 + len);
    return sealed + 2;
}

static void open_frame(struct key *k, uint8_t *out, uint8_t *in, size_t len)
{
    uint8_t nonce[12];
    int n;
    next_nonce(k, nonce);
    EVP_DecryptInit_ex(k->ctx, NULL, NULL, NULL, nonce);
    EVP_CIPHER_CTX_ctrl(k->ctx, EVP_CTRL_AEAD_SET_TAG, TAG, in + len);
    EVP_DecryptUpdate(k->ctx, out, &n, in, (int)len);
    must(EVP_DecryptFinal_ex(k->ctx, out + n, &n) == 1);
}

static void hash_message(const uint8_t *message, size_t len)
{
    uint8_t digest[32];
    unsigned n;
    EVP_DigestInit_ex2(hasher, sha256, NULL);
    EVP_DigestUpdate(hasher, message, len);
    EVP_DigestFinal_ex(hasher, digest, &n);
}

static void write_all(int fd, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        must(n > 0);
        bytes += n;
        len -= (size_t)n;
    }
}

static int listener(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && bind(fd, (struct sockaddr *)&a, len) == 0 && listen(fd, 4) == 0);
    must(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static int dialer(uint16_t port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void intake_init(struct intake *in, int fd)
{
    in->fd = fd;
    in->held = in->got = 0;
    key_init(&in->key, 0);
}

static bool intake_read(struct intake *in)
{
    ssize_t n = read(in->fd, in->wire + in->held, sizeof in->wire - in->held);
    if (n <= 0)
        return false;
    in->held += (size_t)n;
    return true;
}

/* The next whole frame, opened into `plain` and added to the message. `*at` walks through wire. */
static size_t intake_frame(struct intake *in, size_t *at)
{
    if (in->held - *at < 2)
        return 0;
    size_t sealed = (size_t)(in->wire[*at] << 8 | in->wire[*at + 1]);
    if (in->held - *at < 2 + sealed)
        return 0;
    size_t len = sealed - TAG;
    open_frame(&in->key, plain, in->wire + *at + 2, len);
    memcpy(in->message + in->got, plain, len);
    in->got += len;
    *at += 2 + sealed;
    return len;
}

/* true when the frame just read ended a message; its id is computed then, as a relay must */
static bool intake_whole(struct intake *in)
{
    uint32_t total;
    memcpy(&total, in->message + HEADER_LENGTH, sizeof total);
    if (in->got != total)
        return false;
    hash_message(in->message, in->got);
    in->got = 0;
    return true;
}

static void intake_shift(struct intake *in, size_t used)
{
    memmove(in->wire, in->wire + used, in->held - used);
    in->held -= used;
}

static void middle(int listening, uint16_t next)
{
    struct key key;
    intake_init(&intake, accept(listening, NULL, NULL));
    int out = dialer(next);
    key_init(&key, 1);
    while (intake_read(&intake)) {
        size_t at = 0, filled = 0, len;
        while ((len = intake_frame(&intake, &at)) > 0) {
            intake_whole(&intake);
            if (filled + len + TAG + 2 > sizeof outgoing) {
                write_all(out, outgoing, filled);
                filled = 0;
            }
            filled += seal(&key, outgoing + filled, plain, len);
        }
        write_all(out, outgoing, filled);
        intake_shift(&intake, at);
    }
    _exit(0);
}

static void last(int listening, const struct load *load, int report)
{
    struct result r = {0};
    double *delay_ms = malloc(sizeof *delay_ms * (size_t)load->count);
    double first = 0, sent;
    long n = 0;
    must(delay_ms != NULL);
    intake_init(&intake, accept(listening, NULL, NULL));
    while (n < load->count && intake_read(&intake)) {
        size_t at = 0;
        while (intake_frame(&intake, &at) > 0) {
            if (!intake_whole(&intake))
                continue;
            memcpy(&sent, intake.message, sizeof sent);
            delay_ms[n++] = (seconds_now() - sent) * 1e3;
            if (n == 1)
                first = seconds_now();
        }
        intake_shift(&intake, at);
    }
    r.per_second = (double)n / (seconds_now() - first);
    r.p50_ms = figure_quantile(delay_ms, (size_t)n, 0.5);
    r.p99_ms = figure_quantile(delay_ms, (size_t)n, 0.99);
    must(write(report, &r, sizeof r) == sizeof r);
    _exit(0);
}

static void sleep_until(double due)
{
    double left = due - seconds_now();
    if (left <= 0)
        return;
    struct timespec t = {.tv_sec = (time_t)left,
                         .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)};
    nanosleep(&t, NULL);
}

static void first(int out, const struct load *load)
{
    static uint8_t message[MESSAGE_MAX];
    struct key key;
    double begin = seconds_now();
    size_t filled = 0;
    key_init(&key, 1);
    for (long n = 0; n < load->count; n++) {
        if (load->rate > 0)
            sleep_until(begin + (double)n / load->rate);
        double now = seconds_now();
        memcpy(message, &now, sizeof now);
        memcpy(message + HEADER_LENGTH, &load->bytes, sizeof load->bytes);
        for (size_t off = 0; off < load->bytes; off += FRAME_PLAIN) {
            size_t len = load->bytes - off < FRAME_PLAIN ? load->bytes - off : FRAME_PLAIN;
            filled += seal(&key, outgoing + filled, message + off, len);
        }
        if (load->rate > 0 || filled >= WRITE_AT) {
            write_all(out, outgoing, filled);
            filled = 0;
        }
    }
    write_all(out, outgoing, filled);
}

static double children_cpu(void)
{
    struct rusage u;
    getrusage(RUSAGE_CHILDREN, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static struct result run(const struct load *load)
{
    uint16_t to_middle, to_last;
    int at_middle = listener(&to_middle), at_last = listener(&to_last);
    int report[2];
    struct result r;
    must(pipe(report) == 0);
    fflush(stdout);
    pid_t b = fork();
    if (b == 0)
        middle(at_middle, to_last);
    pid_t c = fork();
    if (c == 0)
        last(at_last, load, report[1]);
    close(at_middle);
    close(at_last);
    int out = dialer(to_middle);
    first(out, load);
    must(read(report[0], &r, sizeof r) == sizeof r);
    close(out);
    double before = children_cpu();
    waitpid(b, NULL, 0);
    r.middle_cpu_s = children_cpu() - before;
    waitpid(c, NULL, 0);
    close(report[0]);
    close(report[1]);
    return r;
}

static void metric(const struct load *load, const char *what, const char *unit, double *values,
                   size_t runs)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s", what, load->label);
    figure("relay", name, unit, PEER, values, runs);
}

int main(int argc, char **argv)
{
    static const struct load full[] = {{"1KB", 1024, 300000, 0}, {"150KB", 150 << 10, 6000, 0}};
    static const struct load paced[] = {{"1KB", 1024, 500, 100}, {"150KB", 150 << 10, 50, 10}};
    size_t runs = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 3;
    double a[RUNS_MAX], b[RUNS_MAX];
    must(runs > 0 && runs <= RUNS_MAX);
    cipher = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    hasher = EVP_MD_CTX_new();
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < runs; i++) {
            struct result r = run(&full[k]);
            a[i] = r.per_second;
            b[i] = r.middle_cpu_s / (double)full[k].count * 1e4;
        }
        metric(&full[k], "line3_throughput", "msg/s", a, runs);
        metric(&full[k], "line3_middle_cpu_per_10k", "cpu-s", b, runs);
    }
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < runs; i++) {
            struct result r = run(&paced[k]);
            a[i] = r.p50_ms;
            b[i] = r.p99_ms;
        }
        metric(&paced[k], "line3_latency_p50", "ms", a, runs);
        metric(&paced[k], "line3_latency_p99", "ms", b, runs);
    }
    return 0;
}
