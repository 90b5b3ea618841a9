/* sl.h - what the files of the SimpleLogin-compatible API share: routes are in simplelogin.c. Errors are {"error": "..."}; things
 * have numbers. */
#ifndef ROLE_WEB_SL_H
#define ROLE_WEB_SL_H

#include "role/web/foreign.h"

enum { SL_PAGE = 20 };

/* "2020-04-06 17:57:14+00:00" */
json_t *sl_date(int64_t utc);
/* A record of foreign.alias as their alias object. */
json_t *sl_alias_of(const json_t *record);
/* Those of a record of an alias or a domain. */
json_t *sl_mailboxes_of(const json_t *record);
/* Commas between the numbers of a list; false: they are none, or there is none. */
bool sl_ids(struct exchange *x, const json_t *list, struct str *ret);
void sl_deleted(struct exchange *x, int code, struct str why, struct str arg); /* {"deleted": true} */
/* A parameter of the query, or page_id, as the number of a page; false: it is refused. */
bool sl_page(struct exchange *x, const char *param, uint64_t *ret);
bool sl_page_id(struct exchange *x, uint64_t *ret);

/* The number that the path names; 0: it is none. */
json_int_t sl_path_id(const struct exchange *x);

/* simplelogin.c: what a table of routes names */
void sl_alias(struct exchange *x, json_t *body);
void sl_aliases(struct exchange *x, json_t *body);
void sl_toggle(struct exchange *x, json_t *body);
void sl_change(struct exchange *x, json_t *body);
void sl_delete(struct exchange *x, json_t *body);
/* sl_create.c */
void sl_options(struct exchange *x, json_t *body);
void sl_random(struct exchange *x, json_t *body);
void sl_custom(struct exchange *x, json_t *body);
/* sl_contacts.c */
void sl_activities(struct exchange *x, json_t *body);
void sl_contacts(struct exchange *x, json_t *body);
void sl_contact_add(struct exchange *x, json_t *body);
void sl_contact_delete(struct exchange *x, json_t *body);
void sl_contact_toggle(struct exchange *x, json_t *body);
/* sl_export.c */
void sl_export_aliases(struct exchange *x, json_t *body);
void sl_export_data(struct exchange *x, json_t *body);
/* sl_mailboxes.c */
void sl_mailboxes(struct exchange *x, json_t *body);
void sl_mailbox_add(struct exchange *x, json_t *body);
void sl_mailbox_change(struct exchange *x, json_t *body);
void sl_mailbox_delete(struct exchange *x, json_t *body);
/* sl_account.c */
void sl_api_key(struct exchange *x, json_t *body);
void sl_logout(struct exchange *x, json_t *body);
void sl_user_info(struct exchange *x, json_t *body);
void sl_sudo(struct exchange *x, json_t *body);
void sl_user_delete(struct exchange *x, json_t *body);
void sl_stats(struct exchange *x, json_t *body);
void sl_setting(struct exchange *x, json_t *body);
void sl_setting_domains(struct exchange *x, json_t *body);
void sl_notifications(struct exchange *x, json_t *body);
void sl_notification(struct exchange *x, json_t *body);
/* sl_domains.c */
void sl_custom_domains(struct exchange *x, json_t *body);
void sl_domain_change(struct exchange *x, json_t *body);
void sl_domain_trash(struct exchange *x, json_t *body);

#endif
