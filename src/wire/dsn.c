#include "wire/dsn.h"

#include "wire/date.h"
#include "wire/header.h"

// clang-format off
static const struct {
	const char *prefix, *sentence;
} sentences[] = {
	{ "4.4.7", "The server that should take it could not be reached for several days." },
	{ "5.1",   "The address does not accept mail any more." },
	{ "5.2.2", "The mailbox behind the address is full." },
	{ "5.2.3", "The message is too large for the mailbox behind the address." },
	{ "5.2",   "The mailbox behind the address does not accept mail." },
	{ "5.3.4", "The message is too large." },
	{ "5.4",   "The server that should take it could not be reached." },
	{ "5.6",   "The message has a form that the next server does not take." },
	{ "5.7",   "The next server refused the message by its policy." },
	{ "4.",    "The message could not be delivered in time." },
	{ "",      "The message could not be delivered." },
};
// clang-format on

const char *dsn_sentence(struct str status)
{
	size_t i = 0;

	while (!str_starts(status, str_c(sentences[i].prefix)))
		i++;
	return sentences[i].sentence;
}

/* RFC 3463: class, subject, detail; anything else is told as "5.0.0". Class 4 says that it was the time that ran out. */
static void put_status(struct str s, struct buf *out)
{
	size_t dots = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.')
			dots++;
		else if (s.p[i] < '0' || s.p[i] > '9')
			dots = 9;
	}
	if (dots != 2 || s.n > 11 || s.n < 5 || (s.p[0] != '4' && s.p[0] != '5'))
		s = STR("5.0.0");
	buf_add(out, s);
}

static void put_address(const struct addr *a, struct buf *out)
{
	buf_addz(out, addr_is_ascii(a) ? "rfc822; " : "utf-8; ");
	addr_print(a, out);
}

static void put_delimiter(const struct dsn *d, const char *type, const char *charset, struct buf *out)
{
	buf_addf(out, "\r\n--%.*s\r\nContent-Type: %s%s\r\n\r\n", STR_ARG(d->boundary), type, charset);
}

static void put_head(const struct dsn *d, bool utf8, struct buf *out)
{
	buf_addf(out, "From: \"Mail relay\" <mailer-daemon@%.*s>\r\nTo: <", STR_ARG(d->host));
	addr_print(&d->to, out);
	buf_addz(out, ">\r\nSubject: Your message could not be delivered\r\nDate: ");
	date_print(d->now_utc, out);
	buf_addf(out, "\r\nMessage-ID: <%.*s@%.*s>\r\n", STR_ARG(d->own_id), STR_ARG(d->host));
	buf_addz(out, "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n");
	buf_addf(out,
	         "Content-Type: multipart/report; report-type=%sdelivery-status;\r\n boundary=\"%.*s\"\r\n",
	         utf8 ? "global-" : "", STR_ARG(d->boundary));
}

static void put_text(const struct dsn *d, struct buf *out)
{
	buf_addz(out, "Your message to\r\n\r\n    ");
	addr_print(&d->alias, out);
	buf_addz(out, "\r\n\r\narrived on ");
	date_print(d->arrived_utc, out);
	buf_addf(out, "\r\nbut could not be delivered. %s\r\n", dsn_sentence(d->status));
	buf_addz(out, "\r\nNothing of it is kept here. You may send it again.\r\n");
}

static void put_fields(const struct dsn *d, struct buf *out)
{
	buf_addf(out, "Reporting-MTA: dns; %.*s\r\nArrival-Date: ", STR_ARG(d->host));
	date_print(d->arrived_utc, out);
	buf_addz(out, "\r\n\r\nFinal-Recipient: ");
	put_address(&d->alias, out);
	buf_addz(out, "\r\nAction: failed\r\nStatus: ");
	put_status(d->status, out);
	buf_addz(out, "\r\n");
}

void dsn_print(const struct dsn *d, struct buf *out)
{
	bool utf8 = !addr_is_ascii(&d->alias) || !addr_is_ascii(&d->to);
	const char *charset = utf8 ? "; charset=utf-8" : "; charset=us-ascii";

	put_head(d, utf8, out);
	put_delimiter(d, "text/plain", charset, out);
	put_text(d, out);
	put_delimiter(d, utf8 ? "message/global-delivery-status" : "message/delivery-status", "", out);
	put_fields(d, out);
	if (d->message_id.n) {
		put_delimiter(d, "text/rfc822-headers", "", out);
		buf_addf(out, "Message-ID: <%.*s>\r\n", STR_ARG(d->message_id));
	}
	buf_addf(out, "\r\n--%.*s--\r\n", STR_ARG(d->boundary));
}
