/* MD5 (RFC 1321). The constants are floor(2^32 * |sin(i + 1)|), computed once at first use. */
#include "md5.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static uint32_t sines[64];

static const uint8_t SHIFTS[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static uint32_t rotate(uint32_t value, unsigned bits) { return (value << bits) | (value >> (32 - bits)); }

static void digest_block(uint32_t state[4], const uint8_t *block)
{
    uint32_t words[16], a = state[0], b = state[1], c = state[2], d = state[3];
    memcpy(words, block, sizeof words); /* little-endian, as every machine this runs on */
    for (unsigned i = 0; i < 64; i++) {
        uint32_t mix;
        unsigned word;
        switch (i / 16) {
        case 0: mix = (b & c) | (~b & d); word = i; break;
        case 1: mix = (d & b) | (~d & c); word = (5 * i + 1) % 16; break;
        case 2: mix = b ^ c ^ d; word = (3 * i + 5) % 16; break;
        default: mix = c ^ (b | ~d); word = (7 * i) % 16; break;
        }
        uint32_t moved = b + rotate(a + mix + sines[i] + words[word], SHIFTS[i / 16][i % 4]);
        a = d; d = c; c = b; b = moved;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d;
}

void md5_hex(const char *data, size_t length, char out[33])
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    uint8_t tail[128] = {0};
    size_t whole = length / 64 * 64, rest = length - whole, padded = rest < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)length * 8;

    if (!sines[0])
        for (unsigned i = 0; i < 64; i++) sines[i] = (uint32_t)(fabs(sin(i + 1.0)) * 4294967296.0);
    for (size_t at = 0; at < whole; at += 64) digest_block(state, (const uint8_t *)data + at);
    memcpy(tail, data + whole, rest);
    tail[rest] = 0x80;
    memcpy(tail + padded - 8, &bits, 8);
    for (size_t at = 0; at < padded; at += 64) digest_block(state, tail + at);
    for (unsigned i = 0; i < 16; i++) {
        unsigned byte = (state[i / 4] >> (8 * (i % 4))) & 0xff;
        out[2 * i] = "0123456789abcdef"[byte >> 4];
        out[2 * i + 1] = "0123456789abcdef"[byte & 15];
    }
    out[32] = 0;
}
