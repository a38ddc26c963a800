/* The caller: INVITE, 407, ACK, INVITE with credentials, 1xx, 200, ACK, hold, BYE, 200. */
#include "generator.h"

#include <stdio.h>
#include <string.h>

enum { INVITED, CHALLENGED, UP, ENDING };

static size_t write_head(const struct unit *unit, uint32_t slot, uint32_t stamp, const char *method, uint64_t cseq, const char *to,
                         const char *authorization, char *out, size_t size)
{
    unsigned user = (unsigned)unit->user;
    return (size_t)snprintf(out, size,
        "%s %s SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%08x%08x;rport\r\n"
        "%s"
        "Max-Forwards: 70\r\n"
        "From: <sip:u%06u@%s>;tag=c%08x\r\n"
        "To: %s\r\n"
        "Call-ID: c%08x-%08x-9b1f@127.0.0.1\r\n"
        "CSeq: %llu %s\r\n"
        "%s",
        method, unit->target, options.port, slot, stamp, unit->routes, user, options.realm, unit->serial, to,
        unit->serial, (unsigned)options.cseq, (unsigned long long)cseq, method, authorization);
}

static void send_invite(uint32_t slot)
{
    struct unit *unit = &units[slot];
    char offer[512];
    size_t offer_length = write_offer(offer, sizeof offer, options.media_port);
    unit->stamp = unit->invite_stamp = next_stamp();
    size_t length = write_head(unit, slot, unit->stamp, "INVITE", unit->cseq, unit->to, unit->authorization, unit->request,
                               sizeof unit->request);
    length += (size_t)snprintf(unit->request + length, sizeof unit->request - length,
        "Contact: <sip:u%06u@127.0.0.1:%u>\r\n"
        "Supported: timer, replaces\r\n"
        "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, INFO, UPDATE\r\n"
        "User-Agent: bench/1.0\r\n"
        "Content-Type: application/sdp\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        (unsigned)unit->user, options.port, offer_length, offer);
    send_request(slot, length);
}

void call_start(void)
{
    uint32_t slot = unit_take();
    struct unit *unit = &units[slot];
    unit->user = (options.offset + counters.started++) % options.users;
    unit->cseq = 1;
    unit->state = INVITED;
    unit->started_at = now();
    unit->routes[0] = unit->authorization[0] = 0;
    unit->packets_sent = 0;
    snprintf(unit->target, sizeof unit->target, "sip:%s@%s", options.number, options.realm);
    snprintf(unit->to, sizeof unit->to, "<sip:%s@%s>", options.number, options.realm);
    send_invite(slot);
}

/* For a non-2xx answer the ACK belongs to the INVITE's transaction (RFC 3261 section 17.1.1.3). */
static void acknowledge_refusal(uint32_t slot, const struct message *message)
{
    struct unit *unit = &units[slot];
    char bytes[2048], to[256];
    struct span value = {"", 0};
    first_header(message, "To", 't', &value);
    span_copy(value, to, sizeof to);
    size_t length = write_head(unit, slot, unit->stamp, "ACK", unit->cseq, to, "", bytes, sizeof bytes);
    length += (size_t)snprintf(bytes + length, sizeof bytes - length, "Content-Length: 0\r\n\r\n");
    send_bytes(caller_socket, bytes, length, &options.server);
}

/* RFC 3261 section 22.1: the ACK of a 2xx carries the credentials of its INVITE. */
static void acknowledge_answer(uint32_t slot)
{
    struct unit *unit = &units[slot];
    char bytes[2560];
    size_t length = write_head(unit, slot, next_stamp(), "ACK", unit->cseq, unit->to, unit->authorization, bytes, sizeof bytes);
    length += (size_t)snprintf(bytes + length, sizeof bytes - length, "Content-Length: 0\r\n\r\n");
    send_bytes(caller_socket, bytes, length, &options.server);
}

/* The route set is the Record-Route list reversed (RFC 3261 section 12.1.2); the target is the Contact. */
static void learn_dialog(struct unit *unit, const struct message *message)
{
    struct span value, routes[8];
    size_t count = 0, length = 0;
    if (first_header(message, "To", 't', &value)) span_copy(value, unit->to, sizeof unit->to);
    if (first_header(message, "Contact", 'm', &value)) {
        const char *open = memchr(value.at, '<', value.length), *close = memchr(value.at, '>', value.length);
        if (open && close) value = (struct span){open + 1, (size_t)(close - open) - 1};
        span_copy(value, unit->target, sizeof unit->target);
    }
    for (size_t cursor = 0; count < 8 && next_header(message, &cursor, "Record-Route", 0, &value, NULL);) routes[count++] = value;
    while (count--)
        length += (size_t)snprintf(unit->routes + length, sizeof unit->routes - length, "Route: %.*s\r\n", (int)routes[count].length,
                                   routes[count].at);
}

static void challenged(uint32_t slot, const struct message *message)
{
    struct unit *unit = &units[slot];
    char user[16];
    acknowledge_refusal(slot, message);
    sample(&first_answers, unit->sent_at);
    snprintf(user, sizeof user, "u%06u", (unsigned)unit->user);
    struct digest digest = {user, options.realm, options.password, "INVITE", unit->target};
    if (!answer_challenge(message, &digest, unit->authorization, sizeof unit->authorization)) {
        unit_fail(slot, message->status);
        return;
    }
    counters.challenges++;
    unit->state = CHALLENGED;
    unit->cseq++;
    send_invite(slot);
}

static void answered(uint32_t slot, const struct message *message)
{
    struct unit *unit = &units[slot];
    sample(&final_answers, unit->sent_at);
    unit->stamp = 0; /* the INVITE's retransmission stops */
    learn_dialog(unit, message);
    unit->state = UP;
    acknowledge_answer(slot);
    media_learn(slot, message);
    if (options.packets || options.streams) media_start(slot);
    if (!options.streams) timer_start(now() + options.hold, TIMER_HANG_UP, slot, unit->serial);
}

void call_response(uint32_t slot, uint32_t stamp, const struct message *message)
{
    struct unit *unit = &units[slot];
    int asked = unit->state == INVITED || unit->state == CHALLENGED;
    if (asked && stamp == unit->stamp) {
        if (message->status < 200) unit->wait = 0; /* provisional: no more retransmissions, the guard stays */
        else if (message->status < 300) answered(slot, message);
        else if ((message->status == 407 || message->status == 401) && unit->state == INVITED) challenged(slot, message);
        else {
            acknowledge_refusal(slot, message);
            unit_fail(slot, message->status);
        }
    } else if (unit->state == ENDING && stamp == unit->stamp && message->status >= 200) {
        if (message->status != 200) {
            unit_fail(slot, message->status);
            return;
        }
        counters.completed++;
        unit_release(slot);
    } else if (unit->state == UP && stamp == unit->invite_stamp && message->status >= 200) {
        counters.retransmissions++; /* the server's 200 again: our ACK was lost or late */
        acknowledge_answer(slot);
    }
}

void call_hang_up(uint32_t slot, uint32_t serial)
{
    struct unit *unit = &units[slot];
    if (!unit->busy || unit->serial != serial || unit->state != UP) return;
    unit->state = ENDING;
    unit->cseq++;
    unit->stamp = next_stamp();
    size_t length = write_head(unit, slot, unit->stamp, "BYE", unit->cseq, unit->to, "", unit->request, sizeof unit->request);
    length += (size_t)snprintf(unit->request + length, sizeof unit->request - length,
                               "User-Agent: bench/1.0\r\nContent-Length: 0\r\n\r\n");
    send_request(slot, length);
}
