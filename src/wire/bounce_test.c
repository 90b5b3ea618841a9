#include "wire/bounce.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const struct mime_limits limits = { 32, 1000, { 2000, 256 * 1024 } };

static struct bounce read_it(struct str in, struct arena *a)
{
	struct mime_part *root;
	struct bounce b;

	assert_int_equal(mime_parse(in, &limits, a, &root, NULL), OK);
	bounce_read(root, a, &b);
	return b;
}

#define REPORT(fields, text)                                                                                 \
	"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail\r\nContent-Type: multipart/report;"     \
	" boundary=b\r\n\r\n--b\r\n\r\n" text "\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"     \
	"Reporting-MTA: dns; mx.example\r\n\r\n" fields "\r\n--b--\r\n"
#define PLAIN(head, text) head "\r\n\r\n" text "\r\n"

static const struct {
	const char *in;
	enum bounce_kind kind;
	enum bounce_reason reason;
	bool hard;
	const char *status;
} cases[] = {
	{ REPORT("Final-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n", ""), BOUNCE_FAILED,
	  BOUNCE_UNKNOWN, true, "5.1.1" },
	{ REPORT("Final-Recipient: rfc822; a@b\r\nAction: FAILED (x)\r\nStatus: 5.0.0\r\nDiagnostic-Code: "
	         "smtp;\r\n"
	         " 552 5.2.2 mailbox\r\n\tfull\r\n",
	         ""),
	  BOUNCE_FAILED, BOUNCE_FULL, true, "5.2.2" },
	{ REPORT("Action: delayed\r\nStatus: 4.4.1\r\nFinal-Recipient: rfc822; a@b\r\n", ""), BOUNCE_DELAYED,
	  BOUNCE_NETWORK, false, "4.4.1" },
	{ REPORT("Action: delivered\r\nStatus: 2.0.0\r\nFinal-Recipient: rfc822; a@b\r\n", "user unknown"),
	  BOUNCE_DELIVERED, BOUNCE_OTHER, false, "" },
	{ REPORT("Action: relayed\r\nFinal-Recipient: rfc822; a@b\r\n\r\nAction: failed\r\nStatus: 5.7.1\r\n"
	         "Final-Recipient: rfc822; c@b\r\n",
	         ""),
	  BOUNCE_FAILED, BOUNCE_BLOCKED, true, "5.7.1" },
	/* no status but in the words for people */
	{ REPORT("Final-Recipient: rfc822; a@b\r\nAction: failed\r\n", "550 5.2.1 account is disabled"),
	  BOUNCE_FAILED, BOUNCE_INACTIVE, true, "5.2.1" },
	{ PLAIN("From: MAILER-DAEMON@mx.example\r\nSubject: failure notice",
	        "I've given up.\r\n<a@b>:\r\n550 5.1.1 sorry, no mailbox here by that name\r\n"
	        "--- Below this line is a copy of the message.\r\n\r\nmailbox full"),
	  BOUNCE_FAILED, BOUNCE_UNKNOWN, true, "5.1.1" },
	{ PLAIN("From: MAILER-DAEMON@mx.example\r\nSubject: Warning: could not send message for past 4 hours",
	        "This is a warning message only. You do not need to resend your message.\r\n451 4.4.1 timed "
	        "out"),
	  BOUNCE_DELAYED, BOUNCE_EXPIRED, false, "4.4.1" },
	{ PLAIN("From: a@b.example\r\nSubject: Out of office\r\nAuto-Submitted: auto-replied",
	        "Back on Monday."),
	  BOUNCE_AUTO, BOUNCE_OTHER, false, "" },
	{ PLAIN("From: a@b.example\r\nSubject: Re: your message", "Hello, how are you?"), BOUNCE_NONE,
	  BOUNCE_OTHER, false, "" },
	/* one sign is none */
	{ PLAIN("From: a@b.example\r\nSubject: the delivery failed?", "Where is my parcel?"), BOUNCE_NONE,
	  BOUNCE_OTHER, false, "" },
	/* a report inside somebody's message is not that message */
	{ "From: a@b.example\r\nSubject: look\r\nContent-Type: multipart/mixed; "
	  "boundary=o\r\n\r\n--o\r\n\r\nsee\r\n"
	  "--o\r\nContent-Type: message/rfc822\r\n\r\n" REPORT(
	          "Action: failed\r\nStatus: 5.1.1\r\nFinal-Recipient: rfc822; a@b\r\n", "") "--o--\r\n",
	  BOUNCE_NONE, BOUNCE_OTHER, false, "" },
	{ "Content-Type: multipart/report; report-type=feedback-report; "
	  "boundary=b\r\n\r\n--b\r\nContent-Type: "
	  "message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n--b--\r\n",
	  BOUNCE_COMPLAINT, BOUNCE_OTHER, false, "" },
	{ "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: "
	  "message/disposition-notification"
	  "\r\n\r\nDisposition: manual-action; displayed\r\n--b--\r\n",
	  BOUNCE_AUTO, BOUNCE_OTHER, false, "" },
	{ "", BOUNCE_NONE, BOUNCE_OTHER, false, "" },
};

static void reports_are_told_from_other_mail(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN(arena) a = ARENA;
		struct bounce b = read_it(str_c(cases[i].in), &a);

		if (b.kind != cases[i].kind || b.reason != cases[i].reason || b.hard != cases[i].hard ||
		    !str_eq(b.status, str_c(cases[i].status)))
			fail_msg("case %zu: kind %d reason %s hard %d status %.*s", i, b.kind,
			         bounce_word(b.reason), b.hard, STR_ARG(b.status));
	}
}

static void reasons_come_of_words_and_codes(void **state)
{
	static const struct {
		const char *words, *status;
		enum bounce_reason want;
	} rows[] = {
		{ "550 5.1.1 User unknown", "5.1.1", BOUNCE_UNKNOWN },
		{ "", "5.1.1", BOUNCE_UNKNOWN },
		{ "", "", BOUNCE_OTHER },
		{ "452 4.2.2 OVER   QUOTA", "4.2.2", BOUNCE_FULL },
		{ "blocked using zen.spamhaus.org; user unknown", "5.7.1", BOUNCE_BLOCKED },
		{ "message size exceeds limit", "5.3.4", BOUNCE_SIZE },
		{ "too many connections", "4.7.0", BOUNCE_RATE },
		{ "this looks like spam", "5.7.1", BOUNCE_SPAM },
		{ "virus found", "5.7.0", BOUNCE_CONTENT },
		{ "connection refused", "4.4.1", BOUNCE_NETWORK },
		{ "nothing we know", "5.7.26", BOUNCE_BLOCKED },
		{ "nothing we know", "4.4.7", BOUNCE_EXPIRED },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		OWN(arena) a = ARENA;

		if (bounce_reason_of(str_c(rows[i].words), str_c(rows[i].status), &a) != rows[i].want)
			fail_msg("row %zu", i);
	}
}

/* ---- reports of many servers, third-party: ../shared/vectors ------------------------------------------------------- */

static struct str load_crlf(const char *path, struct arena *a)
{
	static char raw[4 << 20];
	OWN(buf) b = BUF(8 << 20);
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(raw, 1, sizeof(raw), f);
	fclose(f);
	for (size_t i = 0; i < n; i++) {
		if (raw[i] == '\n' && (!i || raw[i - 1] != '\r'))
			buf_addc(&b, '\r');
		buf_addc(&b, raw[i]);
	}
	return arena_str(a, buf_str(&b));
}

static size_t read_folder(const char *folder, size_t kinds[BOUNCE_KINDS], size_t reasons[BOUNCE_REASONS])
{
	DIR *d = opendir(folder);
	size_t n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		OWN(arena) a = ARENA;
		char path[2000];
		struct bounce b;

		if (!strstr(e->d_name, ".eml"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		b = read_it(load_crlf(path, &a), &a);
		kinds[b.kind]++;
		if (b.kind == BOUNCE_FAILED)
			reasons[b.reason]++;
		n++;
	}
	closedir(d);
	return n;
}

static void the_corpus_of_sisimai_is_read(void **state)
{
	const char *at = getenv("POSTERN_VECTORS");
	size_t kinds[BOUNCE_KINDS] = { 0 }, reasons[BOUNCE_REASONS] = { 0 }, none[BOUNCE_KINDS] = { 0 }, n;
	char folder[1000];

	snprintf(folder, sizeof(folder), "%s/sisimai-bounces/maildir/bsd", at ? at : "../shared/vectors");
	if (access(folder, R_OK) != 0) {
		print_message("SKIPPED: no third-party vectors at %s\n", folder);
		skip();
	}
	n = read_folder(folder, kinds, reasons);
	for (size_t i = 0; i < BOUNCE_REASONS; i++)
		print_message("%-14s %zu\n", bounce_word((enum bounce_reason)i), reasons[i]);
	print_message("of %zu: %zu failed, %zu delayed, %zu delivered, %zu automatic, %zu complaints, %zu "
	              "unknown\n",
	              n, kinds[1], kinds[2], kinds[3], kinds[4], kinds[5], kinds[0]);
	assert_true(kinds[BOUNCE_NONE] * 100 <= n * 3);
	assert_true(reasons[BOUNCE_OTHER] * 100 <= kinds[BOUNCE_FAILED] * 9);
	snprintf(folder, sizeof(folder), "%s/sisimai-bounces/maildir/not", at ? at : "../shared/vectors");
	n = read_folder(folder, none, reasons);
	assert_true(none[BOUNCE_NONE] >= n - 1); /* one of the three is a report after all, in its words */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reports_are_told_from_other_mail),
		cmocka_unit_test(reasons_come_of_words_and_codes),
		cmocka_unit_test(the_corpus_of_sisimai_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
