/* watch.h - core looks at users' domains by itself, each once a day or so, a few at a time and never before mail: gate asks the name
 * servers, policy/watch.h decides, the store keeps it, and who has lost something gets a sealed letter. */
#ifndef ROLE_CORE_WATCH_H
#define ROLE_CORE_WATCH_H

#include "policy/watch.h"
#include "role/core/core.h"
#include "store/watches.h"

void watch_start(struct core *c);

enum { NAMES_LISTED_MAX = 32 };

/* A gate's answer as the rules take it; the texts are views of it. */
struct names_read {
	struct str txt[NAMES_LISTED_MAX], mx[NAMES_LISTED_MAX], dmarc[NAMES_LISTED_MAX];
	struct records_found found;
};
void names_read(const struct names_answer *m, struct names_read *ret);

struct watch_facts watch_of(const struct domain_watch *row);
/* What a look at the domain of this name has found, whoever has asked for it: kept, and told to its user when it is time. OK too when
 * there is no such domain any more. */
MUST_CHECK int watch_found(struct core *c, struct str name, const struct names_read *names, struct fail *f);

#endif
