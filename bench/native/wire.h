/* Just enough of SIP's wire form to drive a server: find headers, copy them, answer challenges. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H
#include <stddef.h>

struct span { const char *at; size_t length; };

struct message {
    const char *bytes;
    size_t length;
    int status;         /* 0 for a request */
    struct span method; /* of a request */
};

/* Reads the first line. Returns 0 when the bytes are no SIP message. */
int read_message(const char *bytes, size_t length, struct message *out);

/* The next line of that header at or after *cursor (0 at first): value in out, whole line in line (may be NULL). 0: no more. */
int next_header(const struct message *message, size_t *cursor, const char *name, char compact, struct span *out, struct span *line);
int first_header(const struct message *message, const char *name, char compact, struct span *out);

/* Value of a parameter such as branch= or nonce="...", unquoted. Returns 0 when absent. */
int parameter(struct span value, const char *name, struct span *out);

struct span body_of(const struct message *message);
int span_is(struct span value, const char *text);
void span_copy(struct span value, char *out, size_t size);

/* The user whose credentials answer a challenge, and what is asked for. */
struct digest { const char *user, *realm, *password, *method, *uri; };

/* Finds the MD5 challenge of a 401 or 407 and writes the whole header line that answers it (with CRLF). 0: none found. */
int answer_challenge(const struct message *message, const struct digest *digest, char *out, size_t size);

#endif
