/* The bare-socket floor: what only receiving and sending the same messages costs. No parsing, no state, no digest.
 *
 *   floor PORT CARRIER_PORT MEDIA_PORT CALLER_RTP_PORT CARRIER_RTP_PORT
 *
 * Answers a REGISTER or INVITE without credentials by a fixed challenge, a REGISTER with them by 200, and forwards
 * everything of an authenticated call byte for byte, with the media port in the SDP overwritten in place. MEDIA_PORT
 * (towards the caller) and MEDIA_PORT + 2 (towards the carrier) forward RTP. Ports in the SDP have five digits.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int open_socket(int port)
{
    struct sockaddr_in address = loopback(port);
    int buffer = 8 << 20, made = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    if (bind(made, (struct sockaddr *)&address, sizeof address)) {
        perror("bind");
        exit(2);
    }
    return made;
}

static int has(const char *bytes, size_t length, const char *text) { return memmem(bytes, length, text, strlen(text)) != NULL; }

/* The request's own Via to CSeq lines come first in the generator's messages: they are the answer's too. */
static size_t respond(const char *status, const char *request, size_t length, const char *tail, char *out)
{
    const char *first = memchr(request, '\n', length), *last = memmem(request, length, "\r\nContact", 9);
    if (!first) return 0;
    if (!last) last = memmem(request, length, "\r\nSupported", 11);
    if (!last) last = request + length - 4;
    size_t head = strlen(status), middle = (size_t)(last - first), end = strlen(tail);
    memcpy(out, status, head);
    memcpy(out + head, first + 1, middle - 1);
    memcpy(out + head + middle - 1, tail, end + 1);
    return head + middle - 1 + end;
}

static void overwrite_media_port(char *bytes, size_t length, int port)
{
    char *audio = memmem(bytes, length, "m=audio ", 8);
    if (audio)
        for (int digit = 4; digit >= 0; digit--, port /= 10) audio[8 + digit] = (char)('0' + port % 10);
}

/* A process of its own for one direction of RTP, so that nobody needs poll. */
static void relay(int in, int out, int to_port)
{
    char packet[2048];
    struct sockaddr_in to = loopback(to_port);
    if (fork()) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        ssize_t length = recv(in, packet, sizeof packet, 0);
        if (length > 0) sendto(out, packet, (size_t)length, 0, (struct sockaddr *)&to, sizeof to);
    }
}

static char unauthorized[512], proxy_unauthorized[512];

static size_t answer_to(const char *bytes, size_t length, int authorized, char *out)
{
    if (bytes[0] == 'R' && authorized)
        return respond("SIP/2.0 200 OK\r\n", bytes, length,
                       "\r\nContact: <sip:u000000@127.0.0.1:10000;ob>;expires=3600\r\nServer: floor\r\nContent-Length: 0\r\n\r\n", out);
    if (bytes[0] == 'R') return respond("SIP/2.0 401 Unauthorized\r\n", bytes, length, unauthorized, out);
    if (bytes[0] != 'I') return 0;
    if (!authorized) return respond("SIP/2.0 407 Proxy Authentication Required\r\n", bytes, length, proxy_unauthorized, out);
    return respond("SIP/2.0 100 Trying\r\n", bytes, length, "\r\nServer: floor\r\nContent-Length: 0\r\n\r\n", out);
}

int main(int argc, char **argv)
{
    static char bytes[4096], out[8192];
    if (argc != 6) return 2;
    int media_port = atoi(argv[3]);
    int signalling = open_socket(atoi(argv[1])), to_caller = open_socket(media_port), to_carrier = open_socket(media_port + 2);
    struct sockaddr_in carrier = loopback(atoi(argv[2])), caller = {0}, from;
    const char *challenge = "\r\n%s-Authenticate: Digest realm=\"bench.example\", nonce=\"663f2a1b00000000d41d8cd98f00b204e9800998\", qop=\"auth\"\r\n"
                            "Server: floor\r\nContent-Length: 0\r\n\r\n";
    snprintf(unauthorized, sizeof unauthorized, challenge, "WWW");
    snprintf(proxy_unauthorized, sizeof proxy_unauthorized, challenge, "Proxy");
    relay(to_caller, to_carrier, atoi(argv[5]));
    relay(to_carrier, to_caller, atoi(argv[4]));
    for (;;) {
        socklen_t size = sizeof from;
        ssize_t got = recvfrom(signalling, bytes, sizeof bytes - 1, 0, (struct sockaddr *)&from, &size);
        if (got < 16) continue;
        size_t length = (size_t)got;
        if (from.sin_port == carrier.sin_port) {
            overwrite_media_port(bytes, length, media_port);
            sendto(signalling, bytes, length, 0, (struct sockaddr *)&caller, sizeof caller);
            continue;
        }
        int authorized = has(bytes, length, "uthorization: ");
        size_t answer = answer_to(bytes, length, authorized, out);
        if (bytes[0] == 'I') caller = from;
        if (answer) sendto(signalling, out, answer, 0, (struct sockaddr *)&from, sizeof from);
        if ((bytes[0] == 'I' && authorized) || (bytes[0] == 'A' && authorized) || bytes[0] == 'B') {
            overwrite_media_port(bytes, length, media_port + 2);
            sendto(signalling, bytes, length, 0, (struct sockaddr *)&carrier, sizeof carrier);
        }
    }
}
