#include "store/watches.h"

#include "store/db.h"

int domain_watch_get(struct store *st, int64_t domain, struct arena *a, struct domain_watch *ret,
                     struct fail *f)
{
	OWNQ q = q_read(st,
	                "SELECT ownership, mx, spf, dmarc, ownership_lost, mx_lost, checked, next_look, told,"
	                " token FROM domain_watch WHERE domain = ?");
	struct domain_watch w = { .domain = domain };
	int at = 0;

	q_i64(&q, domain);
	TRY(q_one(&q, "domain", f));
	for (size_t i = 0; i < WATCH_STATES; i++)
		w.state[i] = q_col_i64(&q, at++);
	for (size_t i = 0; i < WATCH_LOSSES; i++)
		w.lost[i] = q_col_i64(&q, at++);
	w.checked = q_col_i64(&q, at++);
	w.next = q_col_i64(&q, at++);
	w.told = q_col_i64(&q, at++);
	TRY(q_col_sealed(&q, at, "domain_watch.token", a, &w.token, f));
	*ret = w;
	return OK;
}

int domain_watch_set(struct store *st, const struct domain_watch *w, struct fail *f)
{
	OWNQ q = q_write(
	        st, "UPDATE domain_watch SET ownership = ?, mx = ?, spf = ?, dmarc = ?, ownership_lost = ?,"
	            " mx_lost = ?, checked = ?, next_look = ?, told = ? WHERE domain = ?");

	for (size_t i = 0; i < WATCH_STATES; i++)
		q_i64(&q, w->state[i]);
	for (size_t i = 0; i < WATCH_LOSSES; i++)
		q_i64(&q, w->lost[i]);
	q_i64(&q, w->checked);
	q_i64(&q, w->next);
	q_i64(&q, w->told);
	q_i64(&q, w->domain);
	return q_done(&q, f);
}

int domain_watch_due(struct store *st, int64_t now, size_t most, struct arena *a, struct domain_due *ret,
                     size_t *ret_n, struct fail *f)
{
	OWNQ q = q_read(st, "SELECT d.id, d.name FROM domain_watch w JOIN domain d ON d.id = w.domain"
	                    " WHERE w.next_look <= ? ORDER BY w.next_look, w.domain LIMIT ?");
	bool row = false;
	size_t n = 0;

	q_i64(&q, now);
	q_i64(&q, (int64_t)most);
	for (; n < most; n++) {
		TRY(q_row(&q, &row, f));
		if (!row)
			break;
		ret[n].domain = q_col_i64(&q, 0);
		TRY(q_col_sealed(&q, 1, "domain.name", a, &ret[n].name, f));
	}
	*ret_n = n;
	return OK;
}
