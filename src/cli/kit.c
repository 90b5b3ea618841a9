#include "cli/kit.h"

#include "cli/file.h"
#include "crypto/pkcs12.h"
#include "wire/b64.h"

#include <unistd.h>

enum { FILE_MAX = 256 * 1024, PEM_LINE = 64 };

enum { USER_P12, LEGACY_P12, USER_CRT, INTERMEDIATE_CRT, ROOT_CRT, APPLE };

static const char *const names[KIT_FILES] = {
	[USER_P12] = "user.p12", [LEGACY_P12] = "user-legacy.p12",
	[USER_CRT] = "user.crt", [INTERMEDIATE_CRT] = "intermediate.crt",
	[ROOT_CRT] = "root.crt", [APPLE] = "postern.mobileconfig",
};

void kit_done(struct kit *k)
{
	for (size_t i = 0; i < KIT_FILES; i++)
		buf_done(&k->files[i].bytes);
}

int kit_prepare(const char *dir, struct fail *f)
{
	OWN(arena) a = ARENA;

	TRY(file_dir(dir, 0700, f));
	for (size_t i = 0; i < KIT_FILES; i++)
		if (file_is(file_in(&a, dir, names[i])))
			return fail(
			        f, FAIL_EXISTS,
			        "%s/%s is there already, and may be all that opens older mail: name another "
			        "folder with --out",
			        dir, names[i]);
	if (access(dir, W_OK) < 0)
		return fail_errno(f, FAIL_SYS, "nothing can be written into %s", dir);
	return OK;
}

/* RFC 7468. */
static void put_pem(struct str der, struct buf *out)
{
	OWN(buf) text = BUF(FILE_MAX);
	struct str left;

	b64_print(der, &text);
	buf_addz(out, "-----BEGIN CERTIFICATE-----\n");
	for (left = buf_str(&text); left.n; left = str_from(left, PEM_LINE)) {
		buf_add(out, str_first(left, PEM_LINE));
		buf_addc(out, '\n');
	}
	buf_addz(out, "-----END CERTIFICATE-----\n");
}

static int put_p12(const struct kit_parts *p, bool legacy, struct buf *out, struct fail *f)
{
	return pkcs12_write(p->user, p->user_cert, p->intermediate, p->root, p->mailbox, p->passphrase,
	                    legacy, out, f);
}

int kit_build(const struct kit_parts *p, struct kit *ret, struct fail *f)
{
	OWN(kit) k = { 0 };
	struct kit_file *files = k.files;
	bool rsa = key_alg_of(p->user) != KEY_P256;
	OWN(buf) id = BUF(256);

	for (size_t i = 0; i < KIT_FILES; i++)
		files[i] = (struct kit_file){ names[i], BUF(FILE_MAX) };
	TRY(put_p12(p, false, &files[USER_P12].bytes, f));
	if (rsa)
		TRY(put_p12(p, true, &files[LEGACY_P12].bytes, f));
	put_pem(p->user_cert, &files[USER_CRT].bytes);
	put_pem(p->intermediate, &files[INTERMEDIATE_CRT].bytes);
	put_pem(p->root, &files[ROOT_CRT].bytes);
	buf_addf(&id, "postern.profile.%llu", (unsigned long long)p->profile);
	TRY(mobileconfig_write(p->mailbox, buf_str(&id), p->root, p->intermediate,
	                       buf_str(&files[rsa ? LEGACY_P12 : USER_P12].bytes), &files[APPLE].bytes, f));
	for (size_t i = 0; i < KIT_FILES; i++)
		if (files[i].bytes.over)
			return fail(f, FAIL_LIMIT, "%s would have more than %d bytes", names[i], FILE_MAX);
	*ret = k;
	k = (struct kit){ 0 };
	return OK;
}

int kit_write(const struct kit *k, const char *dir, struct fail *f)
{
	OWN(arena) a = ARENA;
	int r = OK;
	size_t i;

	for (i = 0; i < KIT_FILES && r == OK; i++)
		if (k->files[i].bytes.n)
			r = file_new(file_in(&a, dir, k->files[i].name), buf_str(&k->files[i].bytes), 0600,
			             f);
	if (r == OK)
		return OK;
	for (i--; i-- > 0;)
		if (k->files[i].bytes.n)
			(void)unlink(file_in(&a, dir, k->files[i].name));
	return r;
}
