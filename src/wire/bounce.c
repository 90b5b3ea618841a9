#include "wire/bounce.h"

#include "wire/word.h"

/* TEXT_MOST: of the words for people, TELL_MOST: of the fields for machines; what stands further down is the message that
 * came back. */
enum { TEXT_MOST = 32 * 1024, TELL_MOST = 32 * 1024, LINE_MOST = 2048, WORDS_MOST = 4096, PARTS_MOST = 64 };

/* ---- text -------------------------------------------------------------------------------------------------------- */

/* Lower case, every run of blanks and line ends one blank. */
static struct str flattened(struct str in, size_t most, struct arena *a)
{
	OWN(buf) b = BUF(most);
	bool blank = true;

	for (size_t i = 0; i < in.n && b.n + 1 < most; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c <= ' ' || c == 127) {
			if (!blank)
				buf_addc(&b, ' ');
			blank = true;
			continue;
		}
		blank = false;
		buf_addc(&b, ascii_lower((char)c));
	}
	return arena_str(a, buf_str(&b));
}

static bool has(struct str text, const char *words)
{
	return str_find(text, str_c(words)) < text.n;
}

static bool has_any(struct str text, const char *const *list)
{
	for (; *list; list++)
		if (has(text, *list))
			return true;
	return false;
}

/* A line of the server's words for a person's eyes: visible ASCII. */
static struct str as_note(struct str in, struct arena *a)
{
	OWN(buf) b = BUF(BOUNCE_NOTE_MOST + 1);

	in = str_trim(in);
	for (size_t i = 0; i < in.n && b.n < BOUNCE_NOTE_MOST; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (c > ' ' && c < 127)
			buf_addc(&b, (char)c);
		else if (b.n && b.p[b.n - 1] != ' ')
			buf_addc(&b, c > 127 ? '?' : ' ');
	}
	return arena_str(a, buf_str(&b));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "5.1.1" or "4.10.123" at the start: its length, else 0. RFC 3463 2. */
static size_t status_at(struct str s)
{
	size_t i = 0;

	if (s.n < 5 || (s.p[0] != '2' && s.p[0] != '4' && s.p[0] != '5') || s.p[1] != '.')
		return 0;
	for (unsigned part = 0; part < 2; part++) {
		size_t digits = 0;

		i++; /* the digit or digits before, then the dot */
		if (i >= s.n || s.p[i] != '.')
			return 0;
		while (i + 1 < s.n && is_digit(s.p[i + 1]) && digits < 4) {
			i++;
			digits++;
		}
		if (!digits || digits > 3)
			return 0;
	}
	i++;
	return i < s.n && (is_digit(s.p[i]) || (s.p[i] == '.' && i + 1 < s.n && is_digit(s.p[i + 1]))) ? 0
	                                                                                               : i;
}

/* The first status code, or reply code as "5.0.0", at the beginning of a word. */
static struct str find_status(struct str text, bool replies)
{
	for (size_t i = 0; i + 3 <= text.n; i++) {
		struct str here = str_from(text, i);
		size_t n;

		if (i && (is_digit(text.p[i - 1]) || text.p[i - 1] == '.'))
			continue;
		if (i && ascii_lower(text.p[i - 1]) >= 'a' && ascii_lower(text.p[i - 1]) <= 'z')
			continue;
		n = status_at(here);
		if (n && here.p[0] != '2')
			return str_first(here, n);
		if (replies && (here.p[0] == '5' || here.p[0] == '4') && is_digit(here.p[1]) &&
		    here.p[1] <= '5' && is_digit(here.p[2]) &&
		    (here.n == 3 || here.p[3] == ' ' || here.p[3] == '-'))
			return here.p[0] == '5' ? STR("5.0.0") : STR("4.0.0");
	}
	return STR("");
}

/* A reply code only where no better one stands anywhere. */
static struct str best_status(struct str text)
{
	struct str s = find_status(text, false);

	return s.n ? s : find_status(text, true);
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static bool is_enclosed(const struct mime_part *root, const struct mime_part *p)
{
	for (const struct mime_part *up = p; up && up != root; up = up->parent)
		if (up->parent && str_starts(up->parent->type.value, STR("message/")))
			return true;
	return false;
}

/* The body of a leaf, decoded, as far as `most`. */
static struct str text_of(const struct mime_part *p, size_t most, struct arena *a)
{
	struct mime_part some = *p;
	OWN(buf) b = BUF(most + 1024);

	some.body = str_first(p->body, most);
	if (some.cte == CTE_OTHER || mime_decode(&some, &b, NULL) < 0)
		return some.body;
	return arena_str(a, buf_str(&b));
}

static const struct mime_part *find_part(const struct mime_part *root, const char *const *types)
{
	const struct mime_part *p = root;

	for (unsigned n = 0; p && n < PARTS_MOST; n++) {
		for (const char *const *t = types; *t; t++)
			if (str_eq(p->type.value, str_c(*t)) && !is_enclosed(root, p))
				return p;
		p = mime_next(root, (struct mime_part *)(uintptr_t)p);
	}
	return NULL;
}

/* From here on it is the message that came back. */
static const char *const tails[] = { "original message",
	                             "copy of the message",
	                             "copy of your message",
	                             "below this line",
	                             "returned message",
	                             "unsent message",
	                             "content of your message",
	                             "content-type: message/rfc822",
	                             "\nreceived: from",
	                             "\nreturn-path:",
	                             "original mail",
	                             "headers of the message",
	                             "message headers",
	                             "included below",
	                             "message text follows",
	                             "body of the message",
	                             "forwarded message",
	                             "original text follows",
	                             "\nx-mailer:",
	                             NULL };

static struct str without_tail(struct str lower, struct str text)
{
	size_t end = text.n;

	for (const char *const *t = tails; *t; t++) {
		size_t at = str_find(lower, str_c(*t));

		if (at > 60 && at < end) /* some begin by saying what follows */
			end = at;
	}
	return str_first(text, end);
}

static struct str people_text(const struct mime_part *root, struct arena *a)
{
	static const char *const texts[] = { "text/plain", "text/html", NULL };
	const struct mime_part *p = find_part(root, texts);
	struct str text, lower;
	OWN(buf) b = BUF(TEXT_MOST + 2048);

	if (!p)
		return STR("");
	text = text_of(p, TEXT_MOST, a);
	for (size_t i = 0; i < text.n; i++)
		buf_addc(&b, ascii_lower(text.p[i]));
	lower = b.over ? text : buf_str(&b);
	return without_tail(lower, text);
}

/* ---- fields for machines, RFC 3464 2.3 --------------------------------------------------------------------------- */

struct told {
	struct str action, status, diagnostic;
	bool any;
};

static void keep(struct told *t, struct str name, struct str value)
{
	static const char *const names[] = { "Action", "Status", "Diagnostic-Code" };
	struct str *const places[] = { &t->action, &t->status, &t->diagnostic };

	for (size_t i = 0; i < 3; i++)
		if (str_eq_nocase(name, str_c(names[i])) && !places[i]->n)
			*places[i] = str_trim(value);
	t->any = t->any || str_eq_nocase(name, STR("Final-Recipient")) ||
	         str_eq_nocase(name, STR("Original-Recipient")) || str_eq_nocase(name, STR("Action"));
}

/* One line with its folds. */
static struct str next_field(struct str *left)
{
	struct str all = *left;
	size_t n = 0;

	do {
		size_t end = str_chr(str_from(all, n), '\n');

		n = n + end < all.n ? n + end + 1 : all.n;
	} while (n < all.n && (all.p[n] == ' ' || all.p[n] == '\t'));
	*left = str_from(all, n);
	return str_first(all, n);
}

static enum bounce_kind kind_of(const struct told *t)
{
	static const struct {
		const char *action;
		enum bounce_kind kind;
	} actions[] = { { "fail", BOUNCE_FAILED },          { "delayed", BOUNCE_DELAYED },
		        { "delivered", BOUNCE_DELIVERED },  { "relayed", BOUNCE_DELIVERED },
		        { "expanded", BOUNCE_DELIVERED },   { "expired", BOUNCE_FAILED },
		        { "deliverable", BOUNCE_DELIVERED } };

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (str_starts_nocase(t->action, str_c(actions[i].action)))
			return actions[i].kind;
	if (str_starts(t->status, STR("5")))
		return BOUNCE_FAILED;
	return str_starts(t->status, STR("2")) ? BOUNCE_DELIVERED : BOUNCE_NONE;
}

/* The worst of what is told of several recipients: of ours there was one, but a list may have been behind it. */
static enum bounce_kind read_told(struct str text, struct told *ret)
{
	static const unsigned weight[BOUNCE_KINDS] = {
		[BOUNCE_FAILED] = 3, [BOUNCE_DELAYED] = 2, [BOUNCE_DELIVERED] = 1
	};
	enum bounce_kind worst = BOUNCE_NONE;
	struct told t = { 0 };

	*ret = t;
	for (bool end = false; !end;) {
		struct str field = next_field(&text);
		struct str name = str_trim(str_first(field, str_chr(field, ':')));

		end = !text.n;
		if (str_trim(field).n)
			keep(&t, name, str_from(field, str_chr(field, ':') + 1));
		if (str_trim(field).n && !end)
			continue;
		if (t.any && (!ret->any || weight[kind_of(&t)] > weight[worst])) {
			worst = kind_of(&t);
			*ret = t;
		}
		t = (struct told){ 0 };
	}
	return worst;
}

/* ---- reports without such fields --------------------------------------------------------------------------------- */

static struct str header_text(const struct mime_part *root, struct str name, struct arena *a)
{
	const struct field *fd = header_get(&root->header, name);

	return fd ? flattened(word_decode(header_unfold(str_first(fd->body, LINE_MOST), a), a), LINE_MOST, a)
	          : STR("");
}

// clang-format off
static const char *const daemons[] = {
	"mailer-daemon", "mailer daemon", "post_master", "sysadmin", "deliver system", "postmaster", "mail delivery", "maildelivery", "mail.delivery", "mail administrator", "mailerdaemon", "mailer_daemon", "mail-daemon",
	"mdaemon", "delivery subsystem", "system administrator", "mail system", "no-reply@deliv", "mail_delivery", "bounce", "mailmanager", NULL };
static const char *const failing[] = {
	"undeliver", "delivery status notification", "delivery failure", "delivery failed", "returned mail", "failure notice", "mail delivery failed",
	"delivery report", "nondeliverable", "non-delivery", "mail system error", "returned to sender", "could not be delivered", "delivery notification", "delivery problem", "not delivered",
	"undelivered", "failed delivery", "unzustellbar", "mail could not", "error sending", "message delivery", "user unknown", "failed mail", "rejected", "bounce", "failure",
	"delivery error", "warning: could not send", "returned message", "mail failed", "could not send", "mail failure", "email delivery", "mail delivery", "notification d", "不達", "nicht zugestellt", "unable to deliver",
	"address not found", "delivery has failed", "failed on", "notice: mail", "undelivrable", "mail not", NULL };
static const char *const slow[] = {
	"will be retried", "warning message only", "do not need to resend", "not need to resend", "has been delayed", "delivery is delayed", "is delayed",
	"will keep trying", "still trying", "still being retried", "delivery attempts will continue", "will continue", "delay)", "(delayed)", "not yet been delivered",
	"has not been delivered", "could not be delivered for 4", "could not send message for past", "delivery delayed", "delayed:", "delayed mail", NULL };
static const char *const absent[] = {
	"out of office", "out-of-office", "vacation", "auto-reply", "auto reply", "autoreply", "auto:", "automatic reply", "automatische antwort", "automatic response", "auto response",
	"autoresponse", "abwesen", "abwesend", "away", "on leave", "on holiday", "absence", "réponse automatique", "risposta automatica", "respuesta autom", NULL };
static const char *const gone[] = {
	"permanent", "given up", "giving up", "failed", "could not be delivered", "couldn't be delivered", "unable to deliver", "not able to deliver", "wasn't able to deliver",
	"was not delivered", "undeliverable", "returned", "did not reach", "rejected", "cannot be delivered", "not be delivered", "unable to be delivered", "user unknown", "unknown user",
	"does not exist", "mailbox full", "no such user", "error", "wurde nicht", "unbekannt", "problem", NULL };
// clang-format on

static bool is_automatic(const struct mime_part *root, struct str subject, struct arena *a)
{
	struct str word = header_text(root, STR("Auto-Submitted"), a);

	return (word.n && !str_starts(word, STR("no"))) || header_get(&root->header, STR("X-Autoreply")) ||
	       header_get(&root->header, STR("X-Auto-Response-Suppress")) ||
	       header_get(&root->header, STR("X-Autorespond")) || has_any(subject, absent);
}

/* One sign would be too few: anybody may be called postmaster, any subject may say "failed". */
static enum bounce_kind guess(const struct mime_part *root, struct str text, struct arena *a)
{
	struct str subject = header_text(root, STR("Subject"), a), from = header_text(root, STR("From"), a);
	struct str lower = flattened(text, TEXT_MOST, a);
	unsigned signs = 0;

	if (header_get(&root->header, STR("X-Failed-Recipients")))
		signs += 2;
	signs += has_any(from, daemons);
	signs += has_any(subject, failing);
	signs += str_eq(root->type.value, STR("multipart/report"));
	signs +=
	        has_any(lower, gone) && (find_status(text, true).n || bounce_by_words(lower) != BOUNCE_OTHER);
	if (signs < 2 && is_automatic(root, subject, a))
		return BOUNCE_AUTO;
	if (signs < 2)
		return BOUNCE_NONE;
	return has_any(lower, slow) || has_any(subject, slow) ? BOUNCE_DELAYED : BOUNCE_FAILED;
}

/* The line that holds a reply or status code, else the start of the text. */
static struct str telling_line(struct str text)
{
	for (struct str left = text; left.n;) {
		size_t end = str_chr(left, '\n');
		struct str line = str_first(left, end);

		if (find_status(line, true).n)
			return str_first(left, end + 400 < left.n ? end + 400 : left.n);
		left = str_from(left, end + 1);
	}
	return text;
}

/* ---- all ---------------------------------------------------------------------------------------------------------- */

enum bounce_reason bounce_reason_of(struct str words, struct str status, struct arena *a)
{
	enum bounce_reason by_words = bounce_by_words(flattened(words, WORDS_MOST, a));
	enum bounce_reason by_status = bounce_by_status(status);

	/* Words tell more, but for the last resort of theirs. */
	if (by_words == BOUNCE_OTHER)
		return by_status;
	if (by_status == BOUNCE_FULL || by_status == BOUNCE_SIZE)
		return by_status;
	return by_words;
}

static bool is_status(struct str s)
{
	return s.n <= BOUNCE_STATUS_MOST && s.n && status_at(s) == s.n;
}

static void set_reason(struct bounce *b, struct str fields, struct str words, struct str text,
                       struct arena *a)
{
	struct str inner = find_status(words, false);

	if (is_status(inner) && (!is_status(b->status) || str_ends(b->status, STR(".0.0"))))
		b->status = inner;
	if (!is_status(b->status))
		b->status = best_status(words.n ? words : text);
	b->status = is_status(b->status) ? arena_str(a, b->status) : STR("");
	b->reason = words.n ? bounce_reason_of(words, b->status, a) : BOUNCE_OTHER;
	if (b->reason == BOUNCE_OTHER)
		b->reason = bounce_reason_of(telling_line(text), b->status, a);
	if (b->reason == BOUNCE_OTHER)
		b->reason = bounce_reason_of(text, b->status, a);
	if (b->reason == BOUNCE_OTHER)
		b->reason = bounce_by_words(flattened(fields, WORDS_MOST, a));
	b->hard = b->status.n ? b->status.p[0] == '5'
	                      : b->reason == BOUNCE_UNKNOWN || b->reason == BOUNCE_INACTIVE;
	b->note = as_note(words.n ? words : telling_line(text), a);
}

void bounce_read(const struct mime_part *root, struct arena *a, struct bounce *ret)
{
	static const char *const status_types[] = { "message/delivery-status",
		                                    "message/global-delivery-status", NULL };
	static const char *const other_types[] = { "message/disposition-notification",
		                                   "message/global-disposition-notification", NULL };
	static const char *const feedback[] = { "message/feedback-report", NULL };
	const struct mime_part *p = find_part(root, status_types);
	struct str fields = p ? text_of(p, TELL_MOST, a) : STR("");
	struct bounce b = { .status = STR(""), .note = STR("") };
	struct str text = people_text(root, a);
	struct told t = { 0 };

	b.kind = p ? read_told(fields, &t) : BOUNCE_NONE;
	if (b.kind == BOUNCE_NONE && find_part(root, feedback))
		b.kind = BOUNCE_COMPLAINT;
	else if (b.kind == BOUNCE_NONE && find_part(root, other_types))
		b.kind = BOUNCE_AUTO;
	else if (b.kind == BOUNCE_NONE)
		b.kind = guess(root, text, a);
	if (b.kind == BOUNCE_FAILED || b.kind == BOUNCE_DELAYED) {
		b.status = str_first(t.status, status_at(t.status));
		set_reason(&b, fields, t.diagnostic, text, a);
	}
	*ret = b;
}
