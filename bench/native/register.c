/* REGISTER with digest, one unit = 401 + 200; the same with no Contact asks what is bound. */
#include "generator.h"

#include <stdio.h>
#include <string.h>

#define STRIDE 61813 /* coprime to any power of ten: users are visited in no simple order */

static void send_register(uint32_t slot, uint64_t cseq, const char *authorization)
{
    struct unit *unit = &units[slot];
    char contact[128] = "";
    unsigned user = (unsigned)unit->user;
    unit->stamp = next_stamp();
    if (strcmp(options.mode, "query"))
        snprintf(contact, sizeof contact, "Contact: <sip:u%06u@127.0.0.1:%u;ob>\r\nExpires: 3600\r\n", user, options.port);
    int length = snprintf(unit->request, sizeof unit->request,
        "REGISTER sip:%s SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bK%08x%08x;rport\r\n"
        "Max-Forwards: 70\r\n"
        "From: <sip:u%06u@%s>;tag=f%06u\r\n"
        "To: <sip:u%06u@%s>\r\n"
        "Call-ID: r%06u-5c1d0b7e@127.0.0.1\r\n"
        "CSeq: %llu REGISTER\r\n"
        "%s%s"
        "Supported: path, outbound\r\n"
        "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, NOTIFY, REFER, INFO\r\n"
        "User-Agent: bench/1.0\r\n"
        "Content-Length: 0\r\n\r\n",
        options.realm, options.port, slot, unit->stamp, user, options.realm, user, user, options.realm, user,
        (unsigned long long)cseq, contact, authorization);
    send_request(slot, (size_t)length);
}

void register_start(void)
{
    uint32_t slot = unit_take();
    struct unit *unit = &units[slot];
    uint64_t position = options.offset + counters.started++;
    unit->user = position * STRIDE % options.users;
    unit->cseq = options.cseq + position / options.users * 2;
    unit->state = 0;
    unit->started_at = now();
    send_register(slot, unit->cseq, "");
}

void register_response(uint32_t slot, const struct message *message)
{
    struct unit *unit = &units[slot];
    struct span contact;
    if (message->status < 200) return;
    if (message->status == 401 && unit->state == 0) {
        char user[16], uri[160];
        snprintf(user, sizeof user, "u%06u", (unsigned)unit->user);
        snprintf(uri, sizeof uri, "sip:%s", options.realm);
        struct digest digest = {user, options.realm, options.password, "REGISTER", uri};
        if (!answer_challenge(message, &digest, unit->authorization, sizeof unit->authorization)) {
            unit_fail(slot, 401);
            return;
        }
        sample(&first_answers, unit->sent_at);
        counters.challenges++;
        unit->state = 1;
        send_register(slot, unit->cseq + 1, unit->authorization);
        return;
    }
    if (message->status != 200) {
        unit_fail(slot, message->status);
        return;
    }
    sample(&final_answers, unit->sent_at);
    if (first_header(message, "Contact", 'm', &contact)) counters.found++;
    counters.completed++;
    unit_release(slot);
}
