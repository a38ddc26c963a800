/* What the generator's parts share: options, counters, timers and sockets. */
#ifndef BENCH_GENERATOR_H
#define BENCH_GENERATOR_H
#include "wire.h"
#include <netinet/in.h>
#include <stdint.h>

#define MILLISECOND 1000000ull
#define SECOND 1000000000ull
#define FIRST_RETRANSMISSION (500 * MILLISECOND) /* T1, RFC 3261 section 17.1.1.1 */
#define GIVE_UP (8 * SECOND)                     /* far sooner than 64*T1: a lost unit is a failure here */

struct options {
    const char *mode, *realm, *password, *number;
    struct sockaddr_in server;
    uint16_t port, carrier_port, media_port, carrier_media_port;
    uint64_t count, users, offset, cseq, streams, in_flight, packets;
    double rate, seconds;
    uint64_t hold, ring, quantum;
};

struct counters {
    uint64_t started, completed, failed, retransmissions, sent, received, unexpected, challenges;
    uint64_t found;                                  /* queries answered with a Contact */
    uint64_t carrier_invites, carrier_acks, carrier_byes;
    uint64_t peer_byes;                              /* calls the server ended by itself */
    uint64_t media_sent, media_carrier, media_caller; /* RTP packets */
    uint64_t media_direct;                           /* calls whose answer named the carrier's own port: nothing relayed */
    uint64_t failures_by_status[700];
    uint64_t most_in_flight;
};

enum timer_kind { TIMER_RETRANSMIT, TIMER_HANG_UP, TIMER_MEDIA, TIMER_CARRIER_ANSWER };

/* One REGISTER or one call in flight. stamp names the transaction now waiting; serial names the unit as a whole. */
struct unit {
    int busy, state;
    uint32_t stamp, serial, invite_stamp;
    uint64_t user, cseq, started_at, sent_at, wait, packets_sent;
    char request[2048]; /* what a retransmission sends again */
    size_t request_length;
    char authorization[640], target[256], routes[768], to[256];
    struct sockaddr_in media;
};

struct samples { float *values; size_t count, capacity; };

extern struct options options;
extern struct counters counters;
extern struct unit *units;
extern uint64_t in_flight;
extern int caller_socket, carrier_socket, media_socket, carrier_media_socket;
extern struct samples first_answers, final_answers, media_round_trips;

uint64_t now(void);
void timer_start(uint64_t due, enum timer_kind kind, uint32_t slot, uint32_t stamp);
uint32_t unit_take(void); /* slot of a free unit, marked busy */
void unit_release(uint32_t slot);
void unit_fail(uint32_t slot, int status);
uint32_t next_stamp(void);
void sample(struct samples *samples, uint64_t since);
void send_bytes(int socket, const char *bytes, size_t length, const struct sockaddr_in *to);
void send_request(uint32_t slot, size_t length); /* units[slot].request, with retransmission under units[slot].stamp */

void register_start(void);
void register_response(uint32_t slot, const struct message *message);

void call_start(void);
void call_response(uint32_t slot, uint32_t stamp, const struct message *message);
void call_hang_up(uint32_t slot, uint32_t serial);
void caller_request(const struct message *message, const struct sockaddr_in *from);

void carrier_message(const struct message *message, const struct sockaddr_in *from);
void carrier_answer(uint32_t slot);

void media_learn(uint32_t slot, const struct message *answer);
void media_start(uint32_t slot);
void media_tick(uint32_t slot, uint32_t serial);
void media_received_by_caller(const char *packet, size_t length);
void media_received_by_carrier(char *packet, size_t length, const struct sockaddr_in *from);
extern int media_running;
size_t write_offer(char *out, size_t size, uint16_t port);

#endif
