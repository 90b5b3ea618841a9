/* json.h - between what browsers say and what core reads: a JSON object to a request's arguments, and the records of an
 * answer to JSON. Pure. */
#ifndef ROLE_WEB_JSON_H
#define ROLE_WEB_JSON_H

#include "base/buf.h"
#include "base/fail.h"

#include <jansson.h>

enum { JSON_DEPTH = 4, JSON_KEYS_MOST = 40 };

DEFINE_OWNP(json_t, json_decref)

/* body: one JSON object; an empty body is an empty one. FAIL_SYNTAX: anything else, two keys of one name, NUL in a text. */
MUST_CHECK int json_body(struct str body, json_t **ret, struct fail *f);

/* Its members as pairs of arguments: texts and numbers as they are, true and false as on and off, null as the argument's own
 * word for nothing, lists as the argument once for each; bytes from base64. `password` and `new_password` are left out:
 * they never leave web; and `attestation`, which is read here (passkey.c). FAIL_SYNTAX names the member in *ret_arg (a view of the object). */
MUST_CHECK int json_args(json_t *object, struct buf *args, const char **ret_arg, struct fail *f);

/* One member's text; empty when it is absent or no text. */
struct str json_member(const json_t *object, const char *name);

/* A record as an object: times RFC 3339 or null, bytes base64, comma-separated lists as arrays, records within
 * it as an array of objects, which have no further ones within them. */
json_t *json_record(struct str record);
/* All of them, as an array. `rest`, when not NULL: the first as an object, with the others as its member of that name. `one`:
 * the first alone (an empty object when there is none). */
json_t *json_records(struct str records, const char *rest, bool one);

/* A field of the first record; empty when absent. */
struct str json_field(struct str records, const char *name);

/* Compact, for the wire. Consumes o. */
void json_print(json_t *o, struct buf *out);

/* {"error", "why", "argument"} */
void json_error(const char *error, struct str why, struct str argument, struct buf *out);

#endif
