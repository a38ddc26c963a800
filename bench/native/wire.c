/* Just enough of SIP's wire form to drive a server. Folded header lines are not understood: no server under test sends them. */
#define _GNU_SOURCE
#include "wire.h"

#include "md5.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int read_message(const char *bytes, size_t length, struct message *out)
{
    const char *space = memchr(bytes, ' ', length < 64 ? length : 64);
    if (length < 16 || !space) return 0;
    *out = (struct message){.bytes = bytes, .length = length};
    if (!memcmp(bytes, "SIP/2.0 ", 8)) out->status = atoi(bytes + 8);
    else out->method = (struct span){bytes, (size_t)(space - bytes)};
    return 1;
}

int next_header(const struct message *message, size_t *cursor, const char *name, char compact, struct span *out, struct span *line)
{
    size_t name_length = strlen(name), at = *cursor;
    const char *end;
    if (!at) {
        end = memchr(message->bytes, '\n', message->length);
        if (!end) return 0;
        at = (size_t)(end - message->bytes) + 1;
    }
    for (; at < message->length && message->bytes[at] != '\r'; at = (size_t)(end - message->bytes) + 1) {
        const char *start = message->bytes + at;
        size_t left = message->length - at, skip = 0;
        end = memchr(start, '\n', left);
        if (!end) return 0;
        if (left > name_length && start[name_length] == ':' && !strncasecmp(start, name, name_length)) skip = name_length + 1;
        else if (compact && left > 2 && start[1] == ':' && (start[0] | 32) == compact) skip = 2;
        if (!skip) continue;
        while (start[skip] == ' ') skip++;
        *out = (struct span){start + skip, (size_t)(end - start) - skip - (end[-1] == '\r')};
        if (line) *line = (struct span){start, (size_t)(end - start) + 1};
        *cursor = (size_t)(end - message->bytes) + 1;
        return 1;
    }
    return 0;
}

int first_header(const struct message *message, const char *name, char compact, struct span *out)
{
    size_t cursor = 0;
    return next_header(message, &cursor, name, compact, out, NULL);
}

int parameter(struct span value, const char *name, struct span *out)
{
    size_t name_length = strlen(name);
    for (size_t at = 0; at + name_length + 1 < value.length; at++) {
        const char *here = value.at + at;
        if (here[name_length] != '=' || strncasecmp(here, name, name_length)) continue;
        if (at && !strchr(" ,;\t", here[-1])) continue;
        const char *start = here + name_length + 1, *end = value.at + value.length, *stop = start;
        if (*start == '"') {
            start++;
            stop = memchr(start, '"', (size_t)(end - start));
            if (!stop) return 0;
        } else
            while (stop < end && !strchr(",; \t", *stop)) stop++;
        *out = (struct span){start, (size_t)(stop - start)};
        return 1;
    }
    return 0;
}

struct span body_of(const struct message *message)
{
    const char *blank = memmem(message->bytes, message->length, "\r\n\r\n", 4);
    if (!blank) return (struct span){message->bytes, 0};
    return (struct span){blank + 4, message->length - (size_t)(blank + 4 - message->bytes)};
}

int span_is(struct span value, const char *text)
{
    return value.length == strlen(text) && !strncasecmp(value.at, text, value.length);
}

void span_copy(struct span value, char *out, size_t size)
{
    size_t length = value.length < size - 1 ? value.length : size - 1;
    memcpy(out, value.at, length);
    out[length] = 0;
}

/* RFC 7616 section 3.4: with qop=auth where it is offered, the older form otherwise. */
static int write_authorization(struct span challenge, const char *header, const struct digest *digest, char *out, size_t size)
{
    char text[1024], ha1[33], ha2[33], response[33], realm[128], nonce[256], opaque[160] = "";
    struct span found;
    int offers_qop = parameter(challenge, "qop", &found);
    if (!parameter(challenge, "realm", &found)) return 0;
    span_copy(found, realm, sizeof realm);
    if (!parameter(challenge, "nonce", &found)) return 0;
    span_copy(found, nonce, sizeof nonce);
    if (parameter(challenge, "opaque", &found))
        snprintf(opaque, sizeof opaque, ", opaque=\"%.*s\"", (int)found.length, found.at);
    int length = snprintf(text, sizeof text, "%s:%s:%s", digest->user, realm, digest->password);
    md5_hex(text, (size_t)length, ha1);
    length = snprintf(text, sizeof text, "%s:%s", digest->method, digest->uri);
    md5_hex(text, (size_t)length, ha2);
    length = snprintf(text, sizeof text, offers_qop ? "%s:%s:00000001:6265636e63:auth:%s" : "%s:%s:%s", ha1, nonce, ha2);
    md5_hex(text, (size_t)length, response);
    snprintf(out, size, "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%s\", uri=\"%s\", response=\"%s\", algorithm=MD5%s%s\r\n",
             header, digest->user, realm, nonce, digest->uri, response, opaque,
             offers_qop ? ", qop=auth, nc=00000001, cnonce=\"6265636e63\"" : "");
    return 1;
}

int answer_challenge(const struct message *message, const struct digest *digest, char *out, size_t size)
{
    const char *name = message->status == 401 ? "WWW-Authenticate" : "Proxy-Authenticate";
    const char *header = message->status == 401 ? "Authorization" : "Proxy-Authorization";
    struct span challenge, algorithm;
    for (size_t cursor = 0; next_header(message, &cursor, name, 0, &challenge, NULL);)
        if (!parameter(challenge, "algorithm", &algorithm) || span_is(algorithm, "MD5"))
            return write_authorization(challenge, header, digest, out, size);
    return 0;
}
