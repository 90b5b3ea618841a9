#include "role/core/quotas.h"

_Static_assert((int)QUOTA_KINDS == (int)USAGE_KINDS,
               "store/usage.h and policy/quota.h count the same things");

struct quota quotas_of_alias(const struct conf *conf)
{
	return (struct quota){ { conf->alias_messages_hour, conf->alias_messages_day,
		                 (int64_t)conf->alias_bytes_hour, (int64_t)conf->alias_bytes_day } };
}

struct quota quotas_of_user(const struct conf *conf)
{
	return (struct quota){ { conf->user_messages_hour, conf->user_messages_day,
		                 (int64_t)conf->user_bytes_hour, (int64_t)conf->user_bytes_day } };
}

static struct quota as_quota(const struct usage *u)
{
	struct quota q;

	for (size_t i = 0; i < QUOTA_KINDS; i++)
		q.n[i] = u->n[i];
	return q;
}

static struct quota bound(const struct usage *own, struct quota otherwise)
{
	struct quota q = as_quota(own);

	return quota_of(&q, &otherwise);
}

int quotas_judge(struct core *c, const struct alias *al, uint64_t bytes, struct verdict *ret, struct fail *f)
{
	const struct quota of_alias = bound(&al->most, quotas_of_alias(c->conf));
	const struct quota of_user = bound(&al->user_most, quotas_of_user(c->conf));
	struct verdict v = { .kind = VERDICT_ACCEPT };
	struct usage u = { 0 };
	struct quota used;

	if (quota_is_bound(&of_alias)) {
		TRY(usage_of_alias(c->store, al->id, core_now(c), &u, f));
		used = as_quota(&u);
		v = quota_judge(&of_alias, &used, bytes);
	}
	if (v.kind == VERDICT_ACCEPT && quota_is_bound(&of_user)) {
		TRY(usage_of_user(c->store, al->user, core_now(c), &u, f));
		used = as_quota(&u);
		v = quota_judge(&of_user, &used, bytes);
	}
	*ret = v;
	return OK;
}

int quotas_used(struct core *c, const struct alias *al, int64_t now, uint64_t bytes, struct fail *f)
{
	const struct quota of_user = bound(&al->user_most, quotas_of_user(c->conf));

	TRY(alias_used(c->store, al->id, now, bytes, f));
	return quota_is_bound(&of_user) ? usage_user_add(c->store, al->user, now, bytes, f) : OK;
}

int quotas_answers(struct core *c, int64_t user, size_t n, struct verdict *ret, struct fail *f)
{
	static const struct verdict enough = {
		VERDICT_REFUSE, 452, "4.7.1",
		"this is more than may be sent in an hour, please try again later", "answers-quota"
	};
	int64_t sent = 0;

	*ret = (struct verdict){ .kind = VERDICT_ACCEPT };
	if (c->conf->user_answers_hour)
		TRY(usage_answers(c->store, user, core_now(c), &sent, f));
	if (quota_past(c->conf->user_answers_hour, sent + (int64_t)n))
		*ret = enough;
	return OK;
}
