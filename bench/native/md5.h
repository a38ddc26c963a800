/* MD5 (RFC 1321), as SIP digest needs it: one call, one buffer, lower-case hex out. */
#ifndef BENCH_MD5_H
#define BENCH_MD5_H
#include <stddef.h>

/* Writes 32 hex digits and a NUL to out. */
void md5_hex(const char *data, size_t length, char out[33]);

#endif
