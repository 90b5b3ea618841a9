/* json_fuzz.c - a request line's target and a body, as strangers write them. Laws: arguments are well packed pairs of known
 * length; a password never is among them; a variable holds no control character; what is JSON once is JSON when it is printed. */
#include "ipc/codec.h"
#include "role/web/json.h"
#include "role/web/target.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check_clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 32 || s.p[i] == 127)
			abort();
}

static void target(struct str in)
{
	OWN(arena) a = ARENA;
	struct target_var v[TARGET_VARS];
	struct str query = str_from(in, str_chr(in, '?') + 1);
	size_t k = 0;
	bool bad;

	if (target_fits("/v1/aliases/{address}/correspondents/{reverse}", str_first(in, str_chr(in, '?')), &a,
	                v, &k))
		for (size_t i = 0; i < k; i++)
			check_clean(v[i].value);
	while (target_param(&query, &a, &v[0], &bad)) {
		check_clean(v[0].name);
		check_clean(v[0].value);
	}
}

static void body(struct str in)
{
	OWNP(json_t) o = NULL;
	OWN(buf) args = BUF(IPC_RECORD_MAX);
	OWN(buf) out = BUF(1 << 20);
	struct str left, name, value;
	const char *arg;

	if (json_body(in, &o, NULL) < 0 || json_args(o, &args, &arg, NULL) < 0)
		return;
	left = buf_str(&args);
	if (list_count(left) % 2)
		abort();
	while (list_next_pair(&left, &name, &value))
		if (str_eq(name, STR("password")) || str_eq(name, STR("new_password")))
			abort();
	json_print(json_incref(o), &out);
	if (out.over)
		return;
	OWNP(json_t) again = json_loadb(out.p, out.n, 0, NULL);
	if (!again || !json_equal(o, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct str in = str_of(p, n);
	size_t line = str_chr(in, '\n');

	target(str_first(in, line));
	body(str_from(in, line + 1));
	return 0;
}
