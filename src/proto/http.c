#include "proto/http.h"

/* What has been seen of the fields. */
struct seen {
	unsigned fields, hosts, lengths;
	bool coded; /* a Transfer-Encoding */
	uint64_t body;
};

static bool is_tchar(char c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_tchar(s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 32 && s.p[i] != '\t') || s.p[i] == 127)
			return false;
	return true;
}

static bool is_target(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= 32 || (unsigned char)s.p[i] >= 127 || s.p[i] == '#')
			return false;
	return s.n && s.p[0] == '/'; /* origin-form alone: this is no proxy (RFC 9112 3.2) */
}

/* RFC 9112 3. Status, 0 when good. */
static unsigned check_request_line(struct str line, bool *ret_11)
{
	static const struct str methods[] = { STR_INIT("GET"),    STR_INIT("HEAD"),  STR_INIT("POST"),
		                              STR_INIT("PUT"),    STR_INIT("PATCH"), STR_INIT("DELETE"),
		                              STR_INIT("OPTIONS") };
	struct str method = str_cut(&line, ' '), target = str_cut(&line, ' ');

	if (!is_token(method) || !line.p || str_chr(line, ' ') < line.n)
		return 400;
	if (target.n > HTTP_TARGET_MAX)
		return 414;
	if (!is_target(target))
		return 400;
	*ret_11 = str_eq(line, STR("HTTP/1.1"));
	if (!*ret_11 && !str_eq(line, STR("HTTP/1.0")))
		return str_starts(line, STR("HTTP/")) ? 505 : 400;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (str_eq(method, methods[i]))
			return 0;
	return 501;
}

/* RFC 9112 6.3: a length is digits; two of them, or a list of equal ones, are not one. */
static unsigned check_length(struct str value, struct seen *s)
{
	if (++s->lengths > 1 || !str_u64(value, &s->body))
		return 400;
	return s->body > HTTP_BODY_MAX ? 413 : 0;
}

/* RFC 9112 5: no blank before the colon, no line that continues another. */
static unsigned check_field(struct str line, struct seen *s)
{
	struct str value = line, name = str_cut(&value, ':');

	if (!value.p || !is_token(name) || !is_value(value))
		return 400;
	if (++s->fields > HTTP_FIELDS_MAX)
		return 431;
	value = str_trim(value);
	if (str_eq_nocase(name, STR("Host")))
		return ++s->hosts > 1 || !value.n ? 400 : 0;
	if (str_eq_nocase(name, STR("Transfer-Encoding")))
		s->coded = true;
	return str_eq_nocase(name, STR("Content-Length")) ? check_length(value, s) : 0;
}

static unsigned check_all(const struct seen *s, bool is_11)
{
	if (is_11 && s->hosts != 1)
		return 400;
	if (s->coded) /* with a length it is a smuggler's; alone it is a length that nobody has promised */
		return s->lengths ? 400 : 411;
	return 0;
}

/* One line without its CRLF. false: not whole yet; a bare CR or LF is *ret_bad. */
static bool next_line(struct str *left, struct str *ret, bool *ret_bad)
{
	size_t cr = str_chr(*left, '\r'), lf = str_chr(*left, '\n');

	*ret_bad = lf < cr || (cr + 1 < left->n && left->p[cr + 1] != '\n');
	if (*ret_bad || cr + 1 >= left->n)
		return false;
	*ret = str_first(*left, cr);
	*left = str_from(*left, cr + 2);
	return true;
}

static enum http_verdict refused(struct http_head *ret, unsigned status)
{
	ret->status = status;
	return HTTP_REFUSED;
}

enum http_verdict http_head(struct str in, struct http_head *ret)
{
	struct str left = str_first(in, HTTP_HEAD_MAX), line;
	struct seen s = { 0 };
	bool first = true, bad, is_11 = false;

	*ret = (struct http_head){ 0 };
	while (next_line(&left, &line, &bad)) {
		unsigned status = 0;

		if (!line.n && !first) {
			ret->bytes = (size_t)(left.p - in.p);
			ret->body = s.body;
			status = check_all(&s, is_11);
			return status ? refused(ret, status) : HTTP_GOOD;
		}
		status = first ? check_request_line(line, &is_11) : check_field(line, &s);
		if (status)
			return refused(ret, status);
		first = false;
	}
	if (bad)
		return refused(ret, 400);
	return in.n >= HTTP_HEAD_MAX ? refused(ret, first ? 414 : 431) : HTTP_MORE;
}
