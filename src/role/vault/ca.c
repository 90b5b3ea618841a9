#include "role/vault/ca.h"

enum { CA_MAX = 16384 };

static int limits(const struct ca *c, struct cert_constraints *ret, struct fail *f)
{
	struct cert_constraints k = { .mailbox = c->mailbox, .critical = c->critical };
	struct str list = c->domains, domain;

	while (list_next(&list, &domain)) {
		if (k.n_domains == CERT_DOMAINS_MAX)
			return fail(f, FAIL_DENIED, "more than %d domains", CERT_DOMAINS_MAX);
		k.domains[k.n_domains++] = domain;
	}
	if (!k.n_domains || !k.mailbox.n)
		return fail(f, FAIL_DENIED, "an intermediate without limits");
	*ret = k;
	return OK;
}

int ca_of_request(const struct intermediate *m, struct str record, struct ca *ret, struct fail *f)
{
	const struct ca c = { record,      m->subject_cn, m->mailbox,  m->domains,
		              m->critical, m->not_before, m->not_after };
	struct cert_constraints k;

	TRY(limits(&c, &k, f));
	if (c.not_before >= c.not_after)
		return fail(f, FAIL_DENIED, "dates reversed");
	*ret = c;
	return OK;
}

int ca_print(const struct ca *c, struct secret *ret, struct fail *f)
{
	OWN(buf) b = BUF(CA_MAX);
	int r;

	put_key(&b, c->record);
	put_text(&b, c->subject_cn);
	put_text(&b, c->mailbox);
	put_list(&b, c->domains);
	put_u32(&b, c->critical);
	put_i64(&b, c->not_before);
	put_i64(&b, c->not_after);
	r = b.over ? fail(f, FAIL_LIMIT, "an intermediate of more than %d bytes", CA_MAX)
	           : secret_copy(ret, b.p, b.n, f);
	if (b.p)
		explicit_bzero(b.p, b.cap);
	return r;
}

int ca_read(struct str bytes, struct ca *ret, struct fail *f)
{
	struct rd r = { .left = bytes };
	struct ca c;

	c.record = get_key(&r);
	c.subject_cn = get_text(&r);
	c.mailbox = get_text(&r);
	c.domains = get_list(&r);
	c.critical = get_u32(&r);
	c.not_before = get_i64(&r);
	c.not_after = get_i64(&r);
	TRY(rd_end(&r, f));
	*ret = c;
	return OK;
}

int ca_csr(const struct ca *c, const struct key *key, struct str root_cn, struct buf *ret, struct fail *f)
{
	struct cert_constraints k;
	struct cert_fields fields = {
		.kind = CERT_INTERMEDIATE,
		.subject_cn = c->subject_cn,
		.issuer_cn = root_cn,
		.not_before = c->not_before,
		.not_after = c->not_after,
		.constraints = &k,
		.subject_key = key,
	};

	TRY(limits(c, &k, f));
	return csr_build(&fields, ret, f);
}

static bool in_domains(const struct cert_constraints *k, struct str address)
{
	struct str domain = str_from(address, str_rchr(address, '@') + 1);

	for (size_t i = 0; i < k->n_domains; i++)
		if (str_eq_nocase(domain, k->domains[i]))
			return true;
	return false;
}

int ca_issue(const struct ca *c, const struct key *ca_key, enum cert_kind kind, struct str address,
             const struct key *subject, int64_t not_before, int64_t not_after, struct buf *ret,
             struct fail *f)
{
	const struct cert_fields fields = {
		.kind = kind,
		.subject_cn = address,
		.issuer_cn = c->subject_cn,
		.email = address,
		.not_before = not_before,
		.not_after = not_after,
		.subject_key = subject,
		.issuer_key = ca_key,
	};
	struct cert_constraints k;

	TRY(limits(c, &k, f));
	if (kind == CERT_USER ? !str_eq(address, c->mailbox)
	                      : kind != CERT_SENDER || !in_domains(&k, address))
		return fail(f, FAIL_DENIED, "a name outside of what the intermediate may certify");
	if (not_before < c->not_before || not_after > c->not_after)
		return fail(f, FAIL_DENIED, "dates outside of the intermediate's");
	return cert_build(&fields, ret, f);
}
