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
/* A mailbox as their recipient; and those of a record of an alias or a domain. */
struct addy_box {
	json_int_t id, user, created;
	bool verified, sealed, hidden;
	struct str email;
};
json_t *addy_recipient_of(const struct addy_box *b);
json_t *addy_recipients_of(const json_t *record);

/* 422 about one field. */
void addy_invalid(struct exchange *x, const char *field, struct str why);
/* The pattern's {id}, which replaces the arguments: false: it is refused with 404. */
bool addy_path_id(struct exchange *x, enum addy_kind kind);
/* That id as core's number, afterwards. */
json_int_t addy_asked_id(const struct exchange *x);
/* The id that a member names, as the argument "id"; false: it is refused with 422 or 404. */
bool addy_named(struct exchange *x, const json_t *body, const char *member, enum addy_kind kind);
/* One of both: what is switched on by POST is named in the body, what is switched off by DELETE in the path. */
bool addy_asked(struct exchange *x, const json_t *body, enum addy_kind kind);
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
/* addy_page.c: page[number] and page[size] of the query, as offset and limit (false: they are refused); a page out of so many in all;
 * and one of core's records, the first of which tells how many. Consumes data. */
bool addy_put_page(struct exchange *x);
void addy_paged(struct exchange *x, json_t *data, uint64_t total);
void addy_told_page(struct exchange *x, json_t *(*of)(const json_t *record));
/* addy_bulk.c, addy_page.c, addy_create.c */
void addy_bulk(struct exchange *x, json_t *body);
void addy_aliases(struct exchange *x, json_t *body);
void addy_create(struct exchange *x, json_t *body);
/* addy_recipients.c: a record of foreign.mailboxes with its count, and one of them by its number (NULL: none) */
json_t *addy_recipient_counted(const json_t *record);
const json_t *addy_recipient_in(const json_t *all, json_int_t id);
void addy_recipients(struct exchange *x, json_t *body);
void addy_recipient(struct exchange *x, json_t *body);
void addy_recipient_add(struct exchange *x, json_t *body);
void addy_recipient_delete(struct exchange *x, json_t *body);
/* addy_toggles.c */
void addy_toggle(struct exchange *x, json_t *body);
void addy_key(struct exchange *x, json_t *body);
/* addy_failures.c */
void addy_failures(struct exchange *x, json_t *body);
void addy_failure(struct exchange *x, json_t *body);
void addy_chart(struct exchange *x, json_t *body);
/* addy_absent.c */
void addy_absent(struct exchange *x, json_t *body);
void addy_none(struct exchange *x, json_t *body);
/* addy_usernames.c */
void addy_usernames(struct exchange *x, json_t *body);
void addy_username(struct exchange *x, json_t *body);
/* addy_domains.c */
void addy_domains(struct exchange *x, json_t *body);
void addy_domain(struct exchange *x, json_t *body);
void addy_domain_add(struct exchange *x, json_t *body);
void addy_domain_change(struct exchange *x, json_t *body);
void addy_domain_delete(struct exchange *x, json_t *body);
void addy_domain_recipient(struct exchange *x, json_t *body);
void addy_domain_active(struct exchange *x, json_t *body);
void addy_domain_catch_all(struct exchange *x, json_t *body);
/* addy_account.c */
void addy_version(struct exchange *x, json_t *body);
void addy_domain_options(struct exchange *x, json_t *body);
void addy_account(struct exchange *x, json_t *body);
void addy_token(struct exchange *x, json_t *body);
void addy_logout(struct exchange *x, json_t *body);
void addy_delete_account(struct exchange *x, json_t *body);

#endif
