/* RTP: the caller sends PCMU every 20 ms to the address of the answer, the carrier sends each packet back to where it came from. */
#define _GNU_SOURCE
#include "generator.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET 172 /* 12 bytes of header, 20 ms of G.711 */

int media_running = 1;

size_t write_offer(char *out, size_t size, uint16_t port)
{
    return (size_t)snprintf(out, size,
        "v=0\r\no=- 20518 20518 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio %u RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\na=sendrecv\r\n", port);
}

/* Where the answer wants RTP. */
void media_learn(uint32_t slot, const struct message *answer)
{
    struct unit *unit = &units[slot];
    struct span body = body_of(answer);
    const char *audio = memmem(body.at, body.length, "m=audio ", 8), *address = memmem(body.at, body.length, "c=IN IP4 ", 9);
    char text[32];
    if (!audio || !address) return;
    size_t length = strcspn(address + 9, "\r\n ");
    snprintf(text, sizeof text, "%.*s", (int)length, address + 9);
    unit->media = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(audio + 8))};
    inet_pton(AF_INET, text, &unit->media.sin_addr);
    if (ntohs(unit->media.sin_port) == options.carrier_media_port) counters.media_direct++;
}

void media_start(uint32_t slot)
{
    /* spread over the packet interval, so that streams do not all speak at once */
    timer_start(now() + 20 * MILLISECOND * (slot % 64) / 64, TIMER_MEDIA, slot, units[slot].serial);
}

void media_tick(uint32_t slot, uint32_t serial)
{
    struct unit *unit = &units[slot];
    char packet[PACKET];
    if (!unit->busy || unit->serial != serial || !media_running) return;
    uint32_t number = (uint32_t)unit->packets_sent++, timestamp = htonl(number * 160), source = htonl(0x0b000000u + unit->serial);
    uint16_t sequence = htons((uint16_t)number);
    uint64_t sent_at = now();
    memset(packet, 0xd5, sizeof packet);
    packet[0] = (char)0x80;
    packet[1] = 0;
    memcpy(packet + 2, &sequence, 2);
    memcpy(packet + 4, &timestamp, 4);
    memcpy(packet + 8, &source, 4);
    memcpy(packet + 12, &sent_at, 8);
    send_bytes(media_socket, packet, sizeof packet, &unit->media);
    counters.media_sent++;
    if (options.streams || unit->packets_sent < options.packets)
        timer_start(sent_at + 20 * MILLISECOND, TIMER_MEDIA, slot, serial);
}

void media_received_by_carrier(char *packet, size_t length, const struct sockaddr_in *from)
{
    if (length != PACKET) return;
    counters.media_carrier++;
    packet[8] ^= 0x40; /* a source of its own */
    send_bytes(carrier_media_socket, packet, length, from);
}

void media_received_by_caller(const char *packet, size_t length)
{
    uint64_t sent_at;
    if (length != PACKET) return;
    counters.media_caller++;
    memcpy(&sent_at, packet + 12, 8);
    sample(&media_round_trips, sent_at);
}
