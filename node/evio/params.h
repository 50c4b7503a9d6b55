/* Bounds of node/evio. */
#pragma once

#define EVIO_LISTENERS_MAX      16u
#define EVIO_READ_BYTES         (256u << 10) /* of one link in one wake-up; one buffer for all links */
#define EVIO_ACCEPTS            64           /* of one listener in one wake-up */
#define EVIO_ACCEPT_PAUSE_MS    1000         /* when the system has no descriptors left */
#define EVIO_BACKLOG            1024
#define EVIO_LINGER_MS          2000 /* for a peer to read what was sent before a graceful close */
#define EVIO_SCRATCH_BYTES      (64u << 20)
#define EVIO_LINKS_MAX          1000000u
#define EVIO_TRIM_LINKS         1000u /* so many are gone: give their memory back to the system */
#define EVIO_QUERIES_MAX        256u
#define EVIO_LATE_MAX           1024u /* dials and look-ups of one pump */
#define EVIO_NAME_TIMEOUT_MS    3000
#define EVIO_NAME_TRIES         2
#define EVIO_NAME_ANSWERS_MAX   64u
#define EVIO_JOB_STACK_BYTES    (256u << 10)
#define EVIO_HTTP_TIMEOUT_S     30          /* of a silent HTTP connection */
#define EVIO_HTTP_HEADERS_BYTES (16u << 10) /* of all headers, beside the path and query */
#define EVIO_HTTP_REQUEST_S     120         /* for one request and reading its answer, or idle */
#define EVIO_HTTP_CLIENTS_MAX   512u        /* more: the most silent connection is closed */
#define EVIO_HTTP_CLIENTS_SLACK 64u         /* beyond that: accepting waits */
#define EVIO_TLS_LOOK_MS        2000u       /* between looks at the files of the certificate */
#define EVIO_UDP_MAX            4u
#define EVIO_UDP_BYTES          2048u /* longer ones are cut; discv5 reads none over 1280 */
#define EVIO_MULTICAST_BYTES    9000u /* of one datagram; RFC 6762 17 */
#define EVIO_UDP_READS          64    /* of one socket in one wake-up */
#define EVIO_CLOCKS_MAX         8u
