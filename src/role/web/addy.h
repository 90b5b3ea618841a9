/* addy.h - what the files of the addy.io-compatible API share: routes are in addy.c. Objects under "data", refusals {"message"},
 * and with "errors" by field where an input is wrong (422); ids as in addy_id.h, times "2026-01-31 12:00:00". */
#ifndef ROLE_WEB_ADDY_H
#define ROLE_WEB_ADDY_H

#include "role/web/addy_id.h"
#include "role/web/foreign.h"

json_t *addy_time(json_int_t utc); /* 0: null */
json_t *addy_id(enum addy_kind kind, json_int_t n);
/* A record of foreign.alias as their alias. */
json_t *addy_alias_of(const json_t *record);
void addy_told(struct exchange *x, int code, struct str why,
               struct str arg); /* {"data": alias}, the route's status */

/* 422 about one field. */
void addy_invalid(struct exchange *x, const char *field, struct str why);
/* The pattern's {id}, which replaces the arguments: false: it is refused with 404. */
bool addy_path_id(struct exchange *x, enum addy_kind kind);
/* That id as core's number, afterwards. */
json_int_t addy_asked_id(const struct exchange *x);
/* Another number for one argument; false: no such id. */
bool addy_put_id(struct exchange *x, struct str id, enum addy_kind kind, const char *arg);
/* A list of recipients' ids as mailbox_id; false: 422. */
bool addy_put_recipients(struct exchange *x, const json_t *list);

/* addy_aliases.c */
void addy_alias(struct exchange *x, json_t *body);
void addy_change(struct exchange *x, json_t *body);
void addy_trash(struct exchange *x, json_t *body);
void addy_restore(struct exchange *x, json_t *body);
void addy_forget(struct exchange *x, json_t *body);
void addy_on(struct exchange *x, json_t *body);
void addy_off(struct exchange *x, json_t *body);
void addy_pin(struct exchange *x, json_t *body);
void addy_unpin(struct exchange *x, json_t *body);
void addy_alias_recipients(struct exchange *x, json_t *body);
/* addy_bulk.c, addy_page.c, addy_create.c */
void addy_bulk(struct exchange *x, json_t *body);
void addy_aliases(struct exchange *x, json_t *body);
void addy_create(struct exchange *x, json_t *body);
/* addy_recipients.c */
void addy_recipients(struct exchange *x, json_t *body);
void addy_recipient(struct exchange *x, json_t *body);
void addy_recipient_add(struct exchange *x, json_t *body);
void addy_recipient_delete(struct exchange *x, json_t *body);
/* addy_account.c */
void addy_version(struct exchange *x, json_t *body);
void addy_domains(struct exchange *x, json_t *body);
void addy_domain(struct exchange *x, json_t *body);
void addy_domain_options(struct exchange *x, json_t *body);
void addy_account(struct exchange *x, json_t *body);
void addy_token(struct exchange *x, json_t *body);
void addy_logout(struct exchange *x, json_t *body);
void addy_delete_account(struct exchange *x, json_t *body);

#endif
