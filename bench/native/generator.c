/* Load generator: one thread, fixed rate (or a fixed number in flight), results as lines of JSON on standard output.
 *
 *   generator MODE key=value ...
 *   MODE: register | query | call
 *   server=IP:PORT port=N realm=NAME password=TEXT users=N count=N rate=R | in_flight=N (for so many seconds=S at most) offset=N cseq=N quantum_ms=N
 *   call: number=+1... carrier_port=N media_port=N carrier_media_port=N hold_ms=N ring_ms=N packets=N | streams=N seconds=S
 *
 * Users are u000000 upwards. A round ends when count units are done; with streams, that many calls are set up, their RTP
 * is counted for so many seconds between the events "window-start" and "window-end", and they are hung up.
 */
#define _GNU_SOURCE
#include "generator.h"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define UNITS 65536
#define BATCH 32
#define DATAGRAM 4096

struct timer { uint64_t due; enum timer_kind kind; uint32_t slot, stamp; };

struct options options = {.realm = "bench.example", .password = "password", .number = "+12125550199", .users = 1000, .count = 1000,
                          .rate = 1000, .cseq = 1, .hold = 100 * MILLISECOND, .ring = 10 * MILLISECOND, .seconds = 3};
struct counters counters;
struct unit *units;
uint64_t in_flight;
int caller_socket, carrier_socket = -1, media_socket = -1, carrier_media_socket = -1;
struct samples first_answers, final_answers, media_round_trips;

static struct timer *heap;
static size_t heap_count, heap_capacity;
static uint32_t *free_slots, free_count, last_stamp, last_serial;
static uint64_t latest_arrival; /* how far an arrival was behind its time at worst */

uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

void timer_start(uint64_t due, enum timer_kind kind, uint32_t slot, uint32_t stamp)
{
    if (heap_count == heap_capacity) {
        heap_capacity = heap_capacity ? heap_capacity * 2 : 4096;
        heap = realloc(heap, heap_capacity * sizeof *heap);
    }
    size_t at = heap_count++;
    for (; at && heap[(at - 1) / 2].due > due; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = (struct timer){due, kind, slot, stamp};
}

static struct timer timer_take(void)
{
    struct timer first = heap[0], last = heap[--heap_count];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < heap_count) {
        if (child + 1 < heap_count && heap[child + 1].due < heap[child].due) child++;
        if (heap[child].due >= last.due) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return first;
}

uint32_t unit_take(void)
{
    if (!free_count) abort();
    uint32_t slot = free_slots[--free_count];
    units[slot].busy = 1;
    units[slot].serial = ++last_serial;
    if (++in_flight > counters.most_in_flight) counters.most_in_flight = in_flight;
    return slot;
}

void unit_release(uint32_t slot)
{
    units[slot].busy = 0;
    units[slot].stamp = 0;
    free_slots[free_count++] = slot;
    in_flight--;
}

void unit_fail(uint32_t slot, int status)
{
    counters.failed++;
    counters.failures_by_status[status < 700 ? status : 0]++;
    unit_release(slot);
}

uint32_t next_stamp(void) { return ++last_stamp; }

void sample(struct samples *samples, uint64_t since)
{
    if (samples->count == samples->capacity) {
        samples->capacity = samples->capacity ? samples->capacity * 2 : 65536;
        samples->values = realloc(samples->values, samples->capacity * sizeof *samples->values);
    }
    samples->values[samples->count++] = (float)(now() - since) / 1000.0f;
}

void send_bytes(int socket, const char *bytes, size_t length, const struct sockaddr_in *to)
{
    sendto(socket, bytes, length, 0, (const struct sockaddr *)to, sizeof *to);
    counters.sent++;
}

void send_request(uint32_t slot, size_t length)
{
    struct unit *unit = &units[slot];
    unit->request_length = length;
    unit->sent_at = now();
    unit->wait = FIRST_RETRANSMISSION;
    send_bytes(caller_socket, unit->request, length, &options.server);
    timer_start(unit->sent_at + unit->wait, TIMER_RETRANSMIT, slot, unit->stamp);
}

static void retransmit(uint32_t slot, uint32_t stamp)
{
    struct unit *unit = &units[slot];
    uint64_t time = now();
    if (!unit->busy || unit->stamp != stamp) return;
    if (time - unit->sent_at >= GIVE_UP) {
        unit_fail(slot, 408);
        return;
    }
    if (unit->wait) {
        counters.retransmissions++;
        send_bytes(caller_socket, unit->request, unit->request_length, &options.server);
        if (unit->wait < 4 * SECOND) unit->wait *= 2;
    }
    timer_start(unit->wait ? time + unit->wait : unit->sent_at + GIVE_UP, TIMER_RETRANSMIT, slot, stamp);
}

static void run_timers(void)
{
    while (heap_count && heap[0].due <= now()) {
        struct timer timer = timer_take();
        switch (timer.kind) {
        case TIMER_RETRANSMIT: retransmit(timer.slot, timer.stamp); break;
        case TIMER_HANG_UP: call_hang_up(timer.slot, timer.stamp); break;
        case TIMER_MEDIA: media_tick(timer.slot, timer.stamp); break;
        case TIMER_CARRIER_ANSWER: carrier_answer(timer.slot); break;
        }
    }
}

/* Our branches are z9hG4bK, 8 hex digits of the slot, 8 of the transaction's stamp. */
static void caller_message(const struct message *message, const struct sockaddr_in *from)
{
    struct span via, branch;
    char digits[9] = "";
    if (!message->status) {
        caller_request(message, from);
        return;
    }
    if (!first_header(message, "Via", 'v', &via) || !parameter(via, "branch", &branch) || branch.length != 23) {
        counters.unexpected++;
        return;
    }
    memcpy(digits, branch.at + 7, 8);
    uint32_t slot = (uint32_t)strtoul(digits, NULL, 16);
    memcpy(digits, branch.at + 15, 8);
    uint32_t stamp = (uint32_t)strtoul(digits, NULL, 16);
    if (slot >= UNITS || !units[slot].busy) return; /* an answer that came twice */
    if (!strcmp(options.mode, "call")) call_response(slot, stamp, message);
    else if (units[slot].stamp == stamp) register_response(slot, message);
}

static void receive(int socket)
{
    static char bytes[BATCH][DATAGRAM];
    static struct sockaddr_in from[BATCH];
    struct iovec vectors[BATCH];
    struct mmsghdr headers[BATCH];
    struct message message;
    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){bytes[i], DATAGRAM};
        headers[i].msg_hdr = (struct msghdr){.msg_name = &from[i], .msg_namelen = sizeof from[i], .msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(socket, headers, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++) {
        size_t length = headers[i].msg_len;
        counters.received++;
        if (socket == media_socket) media_received_by_caller(bytes[i], length);
        else if (socket == carrier_media_socket) media_received_by_carrier(bytes[i], length, &from[i]);
        else if (!read_message(bytes[i], length, &message)) counters.unexpected++;
        else if (socket == carrier_socket) carrier_message(&message, &from[i]);
        else caller_message(&message, &from[i]);
    }
}

static int open_socket(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int buffer = 8 << 20, made = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(made, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
    setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    if (bind(made, (struct sockaddr *)&address, sizeof address)) {
        perror("bind");
        exit(2);
    }
    return made;
}

static void set_option(const char *key, const char *value)
{
    static const struct { const char *name; uint64_t *to; } NUMBERS[] = {
        {"users", &options.users}, {"count", &options.count}, {"offset", &options.offset}, {"cseq", &options.cseq},
        {"streams", &options.streams}, {"in_flight", &options.in_flight}, {"packets", &options.packets}};
    static const struct { const char *name; uint16_t *to; } PORTS[] = {
        {"port", &options.port}, {"carrier_port", &options.carrier_port}, {"media_port", &options.media_port},
        {"carrier_media_port", &options.carrier_media_port}};
    static const struct { const char *name; const char **to; } TEXTS[] = {
        {"realm", &options.realm}, {"password", &options.password}, {"number", &options.number}};
    for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++)
        if (!strcmp(key, NUMBERS[i].name)) { *NUMBERS[i].to = strtoull(value, NULL, 10); return; }
    for (size_t i = 0; i < sizeof PORTS / sizeof *PORTS; i++)
        if (!strcmp(key, PORTS[i].name)) { *PORTS[i].to = (uint16_t)atoi(value); return; }
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
        if (!strcmp(key, TEXTS[i].name)) { *TEXTS[i].to = value; return; }
    if (!strcmp(key, "rate")) options.rate = atof(value);
    else if (!strcmp(key, "seconds")) options.seconds = atof(value);
    else if (!strcmp(key, "hold_ms")) options.hold = strtoull(value, NULL, 10) * MILLISECOND;
    else if (!strcmp(key, "quantum_ms")) options.quantum = strtoull(value, NULL, 10) * MILLISECOND;
    else if (!strcmp(key, "ring_ms")) options.ring = strtoull(value, NULL, 10) * MILLISECOND;
    else if (!strcmp(key, "server")) {
        char address[32];
        const char *colon = strchr(value, ':');
        snprintf(address, sizeof address, "%.*s", colon ? (int)(colon - value) : 0, value);
        options.server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon ? colon + 1 : "0"))};
        inet_pton(AF_INET, address, &options.server.sin_addr);
    } else {
        fprintf(stderr, "unknown option %s\n", key);
        exit(2);
    }
}

static int compare(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

static void print_samples(const char *name, struct samples *samples)
{
    static const struct { const char *name; double part; } PARTS[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"max", 1.0}};
    if (samples->count) qsort(samples->values, samples->count, sizeof *samples->values, compare);
    printf("\"%s\": {\"count\": %zu", name, samples->count);
    for (size_t i = 0; i < 4 && samples->count; i++)
        printf(", \"%s\": %.1f", PARTS[i].name, samples->values[(size_t)(PARTS[i].part * (double)(samples->count - 1))]);
    printf("}, ");
}

static double cpu_used(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec
           + ((double)usage.ru_utime.tv_usec + (double)usage.ru_stime.tv_usec) / 1e6;
}

/* Datagrams that the kernel dropped at our own full buffers. */
static unsigned long long dropped(void)
{
    int sockets[] = {caller_socket, carrier_socket, media_socket, carrier_media_socket};
    unsigned long long sum = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t memory[SK_MEMINFO_VARS] = {0};
        socklen_t size = sizeof memory;
        if (sockets[i] >= 0 && !getsockopt(sockets[i], SOL_SOCKET, SO_MEMINFO, memory, &size)) sum += memory[SK_MEMINFO_DROPS];
    }
    return sum;
}

static void print_result(double elapsed, double cpu)
{
    printf("{\"event\": \"result\", \"elapsed\": %.6f, \"cpu\": %.6f, ", elapsed, cpu);
    const struct { const char *name; uint64_t value; } VALUES[] = {
        {"started", counters.started}, {"completed", counters.completed}, {"failed", counters.failed},
        {"retransmissions", counters.retransmissions}, {"sent", counters.sent}, {"received", counters.received},
        {"unexpected", counters.unexpected}, {"challenges", counters.challenges}, {"found", counters.found},
        {"carrier_invites", counters.carrier_invites}, {"carrier_acks", counters.carrier_acks},
        {"carrier_byes", counters.carrier_byes}, {"peer_byes", counters.peer_byes}, {"media_sent", counters.media_sent},
        {"media_carrier", counters.media_carrier}, {"media_caller", counters.media_caller},
        {"media_direct", counters.media_direct}, {"most_in_flight", counters.most_in_flight}, {"latest_arrival_us", latest_arrival / 1000},
        {"dropped", dropped()}};
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++)
        printf("\"%s\": %llu, ", VALUES[i].name, (unsigned long long)VALUES[i].value);
    print_samples("first_answer_us", &first_answers);
    print_samples("final_answer_us", &final_answers);
    print_samples("media_round_trip_us", &media_round_trips);
    printf("\"failures\": {");
    const char *separator = "";
    for (int status = 0; status < 700; status++)
        if (counters.failures_by_status[status]) {
            printf("%s\"%d\": %llu", separator, status, (unsigned long long)counters.failures_by_status[status]);
            separator = ", ";
        }
    printf("}}\n");
}

/* Waits for datagrams until the given time, and handles everything that is then due. */
static void turn(uint64_t until)
{
    struct pollfd polled[4] = {{caller_socket, POLLIN, 0}, {carrier_socket, POLLIN, 0}, {media_socket, POLLIN, 0}, {carrier_media_socket, POLLIN, 0}};
    uint64_t time = now();
    if (heap_count && heap[0].due < until) until = heap[0].due;
    uint64_t left = until > time ? until - time : 0;
    struct timespec wait = {(time_t)(left / SECOND), (long)(left % SECOND)};
    if (ppoll(polled, 4, &wait, NULL) > 0)
        for (int i = 0; i < 4; i++)
            if (polled[i].revents) receive(polled[i].fd);
    run_timers();
}

static void start_unit(void)
{
    if (!strcmp(options.mode, "call")) call_start();
    else register_start();
}

static void linger(uint64_t time)
{
    for (uint64_t until = now() + time; now() < until;) turn(until);
}

/* Evenly spaced, or in bursts at multiples of the quantum, as SIPp sends. */
static uint64_t due_at(uint64_t begin, uint64_t after)
{
    return begin + (options.quantum ? (after + options.quantum - 1) / options.quantum * options.quantum : after);
}

/* Open loop at options.rate, or closed loop with options.in_flight; ends when all are done (or, with streams, up). */
static void offer(uint64_t count)
{
    uint64_t begin = now(), interval = (uint64_t)((double)SECOND / options.rate);
    while (counters.started < count || (in_flight && !options.streams)) {
        uint64_t due;
        if (options.streams && counters.started == count) return;
        if (options.in_flight && now() - begin > (uint64_t)(options.seconds * (double)SECOND)) count = counters.started;
        if (options.in_flight)
            while (counters.started < count && in_flight < options.in_flight) start_unit();
        else
            while (counters.started < count && (due = due_at(begin, counters.started * interval)) <= now()) {
                if (now() - due > latest_arrival) latest_arrival = now() - due;
                start_unit();
            }
        turn(counters.started < count && !options.in_flight ? due_at(begin, counters.started * interval) : now() + 100 * MILLISECOND);
    }
}

static void event(const char *name)
{
    printf("{\"event\": \"%s\", \"media_sent\": %llu, \"media_carrier\": %llu, \"media_caller\": %llu, \"cpu\": %.6f, \"time\": %.6f}\n", name,
           (unsigned long long)counters.media_sent, (unsigned long long)counters.media_carrier,
           (unsigned long long)counters.media_caller, cpu_used(), (double)now() / 1e9);
    fflush(stdout);
}

static void run_streams(void)
{
    offer(options.streams);
    for (uint64_t until = now() + 5 * SECOND; final_answers.count < options.streams && now() < until;) turn(now() + 50 * MILLISECOND);
    linger(500 * MILLISECOND);
    media_round_trips.count = 0;
    event("window-start");
    linger((uint64_t)(options.seconds * (double)SECOND));
    event("window-end");
    media_running = 0;
    linger(200 * MILLISECOND);
    uint64_t due = now(), interval = (uint64_t)((double)SECOND / options.rate);
    for (uint32_t slot = 0; slot < UNITS; slot++)
        if (units[slot].busy) {
            call_hang_up(slot, units[slot].serial);
            for (due += interval; now() < due;) turn(due);
        }
    for (uint64_t until = now() + GIVE_UP + SECOND; in_flight && now() < until;) turn(now() + 50 * MILLISECOND);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    options.mode = argv[1];
    for (int i = 2; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals) return 2;
        *equals = 0;
        set_option(argv[i], equals + 1);
    }
    prctl(PR_SET_TIMERSLACK, 1000);
    units = calloc(UNITS, sizeof *units);
    free_slots = malloc(UNITS * sizeof *free_slots);
    for (uint32_t slot = UNITS; slot--;) free_slots[free_count++] = slot;
    last_stamp = last_serial = (uint32_t)(now() / 1000); /* branches, tags and Call-IDs must not repeat those of the last round */
    caller_socket = open_socket(options.port);
    if (options.carrier_port) carrier_socket = open_socket(options.carrier_port);
    if (options.media_port) media_socket = open_socket(options.media_port);
    if (options.carrier_media_port) carrier_media_socket = open_socket(options.carrier_media_port);

    double cpu = cpu_used();
    uint64_t begin = now();
    event("start");
    if (options.streams) run_streams();
    else offer(options.count);
    double elapsed = (double)(now() - begin) / 1e9;
    cpu = cpu_used() - cpu;
    if (carrier_socket >= 0) linger(300 * MILLISECOND); /* a B2BUA answers the caller's BYE before the carrier hears its own */
    print_result(elapsed, cpu);
    return 0;
}
