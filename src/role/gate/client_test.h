/* client_test.h - for the tests of this folder: clients of a world, ours and other people's. */
#ifndef ROLE_GATE_CLIENT_TEST_H
#define ROLE_GATE_CLIENT_TEST_H

#include "role/gate/fixture_test.h"

/* MAIL, RCPT and DATA in one. */
#define ENVELOPE "MAIL FROM:<a@client.example>\r\nRCPT TO:<ok@gate.example>\r\nDATA\r\n"

struct client {
	struct world *w;
	int fd;
	struct tls_client *policy;
	struct tls *tls;
	struct buf in;
	bool ended;
};

struct client *client_new(struct world *w); /* connected; the banner is not read yet */
void client_free(struct client *c);
void client_send(struct client *c, struct str bytes); /* all of it */
void client_say(struct client *c, const char *line);  /* and CRLF */
/* Reads one whole reply, which must begin so; the text lives until the next call. */
const char *client_hears(struct client *c, const char *begin);
void client_ends(struct client *c);      /* the gate closes, and says nothing more */
void client_start_tls(struct client *c); /* after 220 */
/* Banner and EHLO are over. */
struct client *client_greeted(struct world *w);
/* A whole message, whose verdict begins so. */
void client_mails(struct client *c, const char *verdict);
/* QUIT, and everything is given back. */
void client_quits(struct client *c);

/* A file of openssl's making: a self-signed certificate and its key in PEM. */
void make_certificate(struct buf *chain, struct buf *key);

/* Runs a program while the world turns; gives its exit status, its output in out. */
int world_run(struct world *w, const char *const argv[], struct buf *out);

#endif
