/* foreign.h - what the compatible APIs share: SimpleLogin's under /api/, addy.io's under /api/v1/, and the sign-in that both have
 * at one path. Any origin may read their answers, and no cookie counts: they take a key, which no other site can have a browser
 * send. */
#ifndef ROLE_WEB_FOREIGN_H
#define ROLE_WEB_FOREIGN_H

#include "role/web/api.h"

/* Whose the path is; before anything is answered. */
void foreign_mark(struct exchange *x);
/* True: it was a browser's question whether it may ask (a known path alone), and is answered. */
bool foreign_start(struct exchange *x, bool known);
/* What is said to who brings no key. */
const char *foreign_nobody(const struct exchange *x);

/* Answers {member: why}. */
void foreign_refuse(struct exchange *x, unsigned status, struct str why);
/* A code of core as theirs: the first row that fits. False: none does, and nothing is answered. */
struct foreign_refusal {
	int code;
	const char *arg; /* NULL: any */
	unsigned status;
	const char *why; /* NULL: core's */
};
bool foreign_refuse_by(struct exchange *x, const struct foreign_refusal *rows, size_t n, int code,
                       struct str why, struct str arg);
/* False: core said no, and x->failed has answered. */
bool foreign_well(struct exchange *x, int code, struct str why, struct str arg);
/* 204. */
void foreign_empty(struct exchange *x);

/* Records as JSON. */
json_t *foreign_first(const struct exchange *x);
json_t *foreign_all(const struct exchange *x);
json_t *foreign_text(struct str s);
json_t *foreign_text_or_null(const json_t *record, const char *name);
json_int_t foreign_number(const json_t *record, const char *name);
bool foreign_is(const json_t *record, const char *name);

/* Of the domains that core told, those that are the asker's own: each as `of` writes it. */
json_t *foreign_domains(const struct exchange *x, json_t *(*of)(const json_t *domain));

/* A parameter of the query; STR_NONE when it is absent. */
struct str foreign_param(struct exchange *x, const char *want);

/* Arguments for core. */
void foreign_put(struct buf *args, const char *name, struct str value);
void foreign_put_number(struct buf *args, const char *name, json_int_t v);
/* A text as one line of at most 200 bytes: a note of theirs may have lines, a label of ours has none. */
struct str foreign_line(struct exchange *x, struct str s);
/* A member that is a text or null (an empty one); another, or none, is left out. */
void foreign_put_line(struct exchange *x, const json_t *body, const char *member, const char *arg);

/* The two APIs: what core said no to, and what a new key is told by. */
void sl_failed(struct exchange *x, int code, struct str why, struct str arg);
void addy_failed(struct exchange *x, int code, struct str why, struct str arg);
void sl_signed_in(struct exchange *x, int code, struct str why, struct str arg);
void addy_signed_in(struct exchange *x, int code, struct str why, struct str arg);

/* foreign_login.c */
void foreign_login(struct exchange *x, json_t *body);
void foreign_mfa(struct exchange *x, json_t *body);

#endif
