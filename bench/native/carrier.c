/* The carrier: answers whatever the server sends it (180, then 200 after the ringing time, 200 to BYE) and counts it. */
#include "generator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pending { char bytes[3072]; size_t length; struct sockaddr_in to; int busy; };

static struct pending *pendings;
static uint32_t pending_count, pending_next;

static uint32_t hash(struct span value)
{
    uint32_t sum = 2166136261u;
    for (size_t at = 0; at < value.length; at++) sum = (sum ^ (uint8_t)value.at[at]) * 16777619u;
    return sum;
}

/* Copies what RFC 3261 section 8.2.6.2 asks for; the To tag follows from the Call-ID, so a retransmission gets the same. */
static size_t write_response(const struct message *request, const char *status, char *out, size_t size)
{
    static const struct { const char *name; char compact; } COPIED[] = {
        {"Via", 'v'}, {"Record-Route", 0}, {"From", 'f'}, {"Call-ID", 'i'}, {"CSeq", 0}};
    struct span value, line, found;
    size_t length = (size_t)snprintf(out, size, "SIP/2.0 %s\r\n", status);
    for (size_t i = 0; i < sizeof COPIED / sizeof *COPIED; i++)
        for (size_t cursor = 0; next_header(request, &cursor, COPIED[i].name, COPIED[i].compact, &value, &line);) {
            if (length + line.length >= size) return 0;
            memcpy(out + length, line.at, line.length);
            length += line.length;
        }
    if (!first_header(request, "To", 't', &value)) return 0;
    struct span call_id = {"", 0};
    first_header(request, "Call-ID", 'i', &call_id);
    length += (size_t)snprintf(out + length, size - length, "To: %.*s", (int)value.length, value.at);
    if (!parameter(value, "tag", &found)) length += (size_t)snprintf(out + length, size - length, ";tag=k%08x", hash(call_id));
    return length + (size_t)snprintf(out + length, size - length, "\r\n");
}

static void respond(int socket, const struct message *request, const char *status, const struct sockaddr_in *from)
{
    char bytes[3072];
    size_t length = write_response(request, status, bytes, sizeof bytes);
    if (!length) return;
    length += (size_t)snprintf(bytes + length, sizeof bytes - length, "Contact: <sip:carrier@127.0.0.1:%u>\r\nContent-Length: 0\r\n\r\n",
                               options.carrier_port);
    send_bytes(socket, bytes, length, from);
}

static uint32_t take_pending(void)
{
    if (!pendings) {
        pending_count = 65536;
        pendings = calloc(pending_count, sizeof *pendings);
    }
    for (uint32_t tries = 0; tries < pending_count; tries++) {
        uint32_t slot = pending_next++ % pending_count;
        if (!pendings[slot].busy) return slot;
    }
    abort();
}

static void invited(const struct message *request, const struct sockaddr_in *from)
{
    char answer[512];
    uint32_t slot = take_pending();
    struct pending *pending = &pendings[slot];
    counters.carrier_invites++;
    respond(carrier_socket, request, "180 Ringing", from);
    size_t answer_length = write_offer(answer, sizeof answer, options.carrier_media_port);
    size_t length = write_response(request, "200 OK", pending->bytes, sizeof pending->bytes);
    pending->length = length + (size_t)snprintf(pending->bytes + length, sizeof pending->bytes - length,
        "Contact: <sip:carrier@127.0.0.1:%u>\r\n"
        "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n"
        "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
        options.carrier_port, answer_length, answer);
    pending->to = *from;
    pending->busy = 1;
    timer_start(now() + options.ring, TIMER_CARRIER_ANSWER, slot, 0);
}

void carrier_answer(uint32_t slot)
{
    struct pending *pending = &pendings[slot];
    send_bytes(carrier_socket, pending->bytes, pending->length, &pending->to);
    pending->busy = 0;
}

void carrier_message(const struct message *message, const struct sockaddr_in *from)
{
    if (message->status) {
        counters.unexpected++;
        return;
    }
    if (span_is(message->method, "INVITE")) invited(message, from);
    else if (span_is(message->method, "ACK")) counters.carrier_acks++;
    else {
        if (span_is(message->method, "BYE")) counters.carrier_byes++;
        respond(carrier_socket, message, "200 OK", from);
    }
}

void caller_request(const struct message *message, const struct sockaddr_in *from)
{
    if (span_is(message->method, "ACK")) return;
    if (span_is(message->method, "BYE")) counters.peer_byes++;
    else counters.unexpected++;
    respond(caller_socket, message, "200 OK", from);
}
