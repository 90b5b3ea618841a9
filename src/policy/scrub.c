#include "policy/scrub.h"

#include <string.h>

// clang-format off
const struct out_row out_rows[] = {
	{ "From",         OUT_WRITE,     true,  "the alias; in a message within the message whoever wrote it" },
	{ "To",           OUT_ADDRESSES, true,  "the correspondents by their real addresses" },
	{ "Cc",           OUT_ADDRESSES, true,  "the correspondents by their real addresses" },
	{ "Subject",      OUT_TEXT,      true,  "what it is about" },
	{ "Date",         OUT_WRITE,     true,  "when, in UTC: the zone says where the user is" },
	{ "Message-ID",   OUT_WRITE,     false, "its own names the mailbox's host" },
	{ "In-Reply-To",  OUT_IDS,       false, "threads hold" },
	{ "References",   OUT_IDS,       false, "threads hold" },
	{ "Auto-Submitted", OUT_WORD,    false, "RFC 3834: nobody answers a machine" },
	{ "Importance",   OUT_WORD,      false, "a mark in the list of messages" },
	{ "X-Priority",   OUT_WORD,      false, "a mark in the list of messages" },

	{ "Received",                    OUT_DROP, false, "hosts and addresses on the way from the user" },
	{ "X-Originating-IP",            OUT_DROP, false, "the user's address in the network" },
	{ "User-Agent",                  OUT_DROP, false, "the user's mail program" },
	{ "X-Mailer",                    OUT_DROP, false, "the user's mail program" },
	{ "Sender",                      OUT_DROP, false, "the mailbox" },
	{ "Reply-To",                    OUT_DROP, false, "the mailbox; answers go to the alias" },
	{ "Return-Path",                 OUT_DROP, false, "the mailbox" },
	{ "Bcc",                         OUT_DROP, false, "nobody is to see it" },
	{ "Autocrypt",                   OUT_DROP, false, "the mailbox, and a key of it" },
	{ "Disposition-Notification-To", OUT_DROP, false, "the mailbox" },
	{ "Return-Receipt-To",           OUT_DROP, false, "the mailbox" },
	{ "Thread-Index",                OUT_DROP, false, "a time, and which program" },
	{ "Organization",                OUT_DROP, false, "the user's" },
	{ "DKIM-Signature",              OUT_DROP, false, "the provider's domain" },
	{ "Authentication-Results",      OUT_DROP, false, "the provider's host" },
	{ "List-Unsubscribe",            OUT_DROP, false, "addresses" },
	{ 0 }
};

static const struct part_row parts[] = {
	{ "application/pkcs7-signature",         ".p7s", PART_DROP, "the user's certificate is in it" },
	{ "application/x-pkcs7-signature",       NULL, PART_DROP, "the user's certificate is in it" },
	{ "application/pkcs7-mime",              ".p7m", PART_ONWARD, "encrypted for the correspondent; anything else in it is refused" },
	{ "application/x-pkcs7-mime",            NULL, PART_ONWARD, "the same" },
	{ "application/pkcs7-certificates",      ".p7b", PART_DROP, "certificates" },
	{ "application/x-pkcs7-certificates",    ".p7c", PART_DROP, "certificates" },
	{ "application/pkix-cert",               ".cer", PART_DROP, "a certificate" },
	{ "application/x-x509-",                 ".crt", PART_DROP, "a certificate" },
	{ "application/x-pem-file",              ".pem", PART_DROP, "a certificate" },
	{ "application/pkcs12",                  ".p12", PART_REFUSE, "a private key" },
	{ "application/x-pkcs12",                ".pfx", PART_REFUSE, "a private key" },
	{ "application/pgp-keys",                ".asc", PART_DROP, "a key with the user's name; a signature" },
	{ "application/pgp-signature",           NULL, PART_DROP, "names the user's key" },
	{ "application/pgp-encrypted",           NULL, PART_DROP, "it says nothing without what is encrypted beside it" },
	{ "multipart/encrypted",                 NULL, PART_ONWARD, "encrypted for the correspondent" },
	{ "text/vcard",                          ".vcf", PART_DROP, "a card of the user" },
	{ "text/x-vcard",                        NULL, PART_DROP, "a card of the user" },
	{ "text/directory",                      NULL, PART_DROP, "a card of the user" },
	{ "application/ms-tnef",                 "winmail.dat", PART_DROP, "Outlook's own form: author and address are in it" },
	{ "application/vnd.ms-tnef",             NULL, PART_DROP, "Outlook's own form" },
	{ "application/applefile",               NULL, PART_DROP, "what a Mac keeps beside a file" },
	{ "message/disposition-notification",    NULL, PART_DROP, "the mailbox" },
	{ "message/delivery-status",             NULL, PART_DROP, "hosts and addresses" },
	{ "message/global-delivery-status",      NULL, PART_DROP, "hosts and addresses" },
	{ "message/feedback-report",             NULL, PART_DROP, "hosts and addresses" },
	{ "text/rfc822-headers",                 NULL, PART_DROP, "hosts and addresses" },
	{ "message/rfc822-headers",              NULL, PART_DROP, "hosts and addresses" },
	{ "message/partial",                     NULL, PART_REFUSE, "half a message cannot be read" },
	{ "message/external-body",               NULL, PART_REFUSE, "it says where, not what" },
	{ "message/rfc822",                      ".eml", PART_MESSAGE, "read like the message around it" },
	{ "message/global",                      NULL, PART_MESSAGE, "read like the message around it" },
	{ "message/",                            NULL, PART_REFUSE, "of a kind that is not known" },
	{ "application/vnd.ms-outlook",          ".msg", PART_REFUSE, "a message in Outlook's own form: hosts and addresses are in it" },
	{ "multipart/signed",                    NULL, PART_FIRST, "what was signed; the signature names the user" },
	{ "multipart/appledouble",               NULL, PART_MULTI, "the file, without what a Mac keeps beside it" },
	{ "multipart/",                          NULL, PART_MULTI, "the frame is made anew" },
	{ "text/calendar",                       ".ics", PART_CALENDAR, "who comes is the alias" },
	{ "application/ics",                     NULL, PART_CALENDAR, "who comes is the alias" },
	{ "text/html",                           ".htm", PART_HTML, "what was written" },
	{ "application/xhtml+xml",               ".html", PART_HTML, "what was written" },
	{ "text/",                               NULL, PART_TEXT, "what was written" },
	{ "image/jpeg",                          ".jpg", PART_JPEG, "place, time and camera stand beside the picture" },
	{ "image/jpg",                           ".jpeg", PART_JPEG, "place, time and camera stand beside the picture" },
	{ "image/png",                           ".png", PART_PNG, "author and program stand beside the picture" },
};

/* Elements that mail is written with. What HTML has beside them makes no sense in it. */
static const struct tag_row tags[] = {
	{ "html", TAG_KEEP, true, "" }, { "head", TAG_KEEP, true, "" }, { "body", TAG_KEEP, true, "" },
	{ "title", TAG_KEEP, true, "" }, { "style", TAG_KEEP, true, "unless it tells which program" },
	{ "p", TAG_KEEP, true, "" }, { "div", TAG_KEEP, true, "" }, { "br", TAG_KEEP, true, "" }, { "hr", TAG_KEEP, true, "" },
	{ "blockquote", TAG_KEEP, true, "" }, { "pre", TAG_KEEP, true, "" }, { "center", TAG_KEEP, true, "" },
	{ "h1", TAG_KEEP, true, "" }, { "h2", TAG_KEEP, true, "" }, { "h3", TAG_KEEP, true, "" },
	{ "h4", TAG_KEEP, true, "" }, { "h5", TAG_KEEP, true, "" }, { "h6", TAG_KEEP, true, "" },
	{ "ul", TAG_KEEP, true, "" }, { "ol", TAG_KEEP, true, "" }, { "li", TAG_KEEP, true, "" },
	{ "dl", TAG_KEEP, true, "" }, { "dt", TAG_KEEP, true, "" }, { "dd", TAG_KEEP, true, "" },
	{ "table", TAG_KEEP, true, "" }, { "thead", TAG_KEEP, true, "" }, { "tbody", TAG_KEEP, true, "" },
	{ "tfoot", TAG_KEEP, true, "" }, { "tr", TAG_KEEP, true, "" }, { "td", TAG_KEEP, true, "" }, { "th", TAG_KEEP, true, "" },
	{ "caption", TAG_KEEP, true, "" }, { "colgroup", TAG_KEEP, true, "" }, { "col", TAG_KEEP, true, "" },
	{ "section", TAG_KEEP, true, "" }, { "article", TAG_KEEP, true, "" }, { "header", TAG_KEEP, true, "" },
	{ "footer", TAG_KEEP, true, "" }, { "figure", TAG_KEEP, true, "" }, { "figcaption", TAG_KEEP, true, "" },
	{ "main", TAG_BARE, true, "" }, { "nav", TAG_BARE, true, "" }, { "aside", TAG_BARE, true, "" },
	{ "address", TAG_BARE, true, "" }, { "form", TAG_BARE, true, "" }, { "fieldset", TAG_BARE, true, "" },
	{ "details", TAG_KEEP, true, "" }, { "summary", TAG_KEEP, true, "" },
	{ "a", TAG_KEEP, false, "" }, { "b", TAG_KEEP, false, "" }, { "i", TAG_KEEP, false, "" }, { "u", TAG_KEEP, false, "" },
	{ "s", TAG_KEEP, false, "" }, { "em", TAG_KEEP, false, "" }, { "strong", TAG_KEEP, false, "" },
	{ "span", TAG_KEEP, false, "" }, { "font", TAG_KEEP, false, "" }, { "small", TAG_KEEP, false, "" },
	{ "big", TAG_KEEP, false, "" }, { "sub", TAG_KEEP, false, "" }, { "sup", TAG_KEEP, false, "" },
	{ "tt", TAG_KEEP, false, "" }, { "code", TAG_KEEP, false, "" }, { "kbd", TAG_KEEP, false, "" },
	{ "samp", TAG_KEEP, false, "" }, { "var", TAG_KEEP, false, "" }, { "cite", TAG_KEEP, false, "" },
	{ "q", TAG_KEEP, false, "" }, { "abbr", TAG_KEEP, false, "" }, { "del", TAG_KEEP, false, "" },
	{ "ins", TAG_KEEP, false, "" }, { "strike", TAG_KEEP, false, "" }, { "mark", TAG_KEEP, false, "" },
	{ "wbr", TAG_KEEP, false, "" }, { "img", TAG_KEEP, false, "" }, { "bdo", TAG_KEEP, false, "" },
	{ "script", TAG_DROP, true, "no mail program runs it" },
	{ "xml", TAG_DROP, true, "Outlook's own settings" },
	{ "object", TAG_DROP, true, "no mail program shows it" },
	{ "iframe", TAG_DROP, true, "no mail program shows it" },
	{ "noscript", TAG_BARE, true, "" }, { "xmp", TAG_BARE, true, "" },
	{ "noembed", TAG_BARE, false, "" }, { "noframes", TAG_BARE, false, "" },
	{ "textarea", TAG_BARE, true, "" },
	{ "meta", TAG_BARE, true, "author and program; the charset is told by the part" },
	{ "base", TAG_BARE, true, "a place of the user's" },
	{ "link", TAG_BARE, true, "files of the user's" },
};

/* As client programs write it: class, id, style, comments. */
static const char *const marks[] = {
	"moz-", "gmail", "apple-", "yahoo", "ydp", "protonmail", "proton", "mso", "x_mso", "outlook", "ms-outlook", "divrplyfwdmsg",
	"appendonsend", "zmail", "hmmessage", "elementtoproof", "wordsection", "webkit", "-moz", "k9mail", "sylpheed", "mailmate",
	"canary", "spark", "superhuman", "gmx", "web.de", "tutanota", "fastmail", "roundcube", "zimbra", "thunderbird",
};

static const char *const client_lines[] = {
	"sent from my iphone", "sent from my ipad", "sent from my mobile", "sent from my android", "sent from my samsung",
	"sent from my galaxy", "sent from outlook", "sent from mail for windows", "sent from yahoo mail", "sent from aol",
	"sent from proton mail", "sent with proton mail", "sent with [proton mail]", "sent from fastmail", "sent from gmail",
	"sent from thunderbird", "get outlook for", "von meinem iphone gesendet", "von meinem ipad gesendet", "gesendet von meinem",
	"gesendet von outlook", "gesendet mit der", "gesendet mit proton", "gesendet mit outlook", "gesendet mit gmx",
	"télécharger outlook pour", "obtenez outlook pour", "obtener outlook para", "envoyé de mon", "envoyé depuis", "enviado desde mi", "enviado do meu",
	"inviato da iphone", "inviato da ipad", "verstuurd vanaf mijn", "skickat från min", "skickat från outlook",
	"wysłane z", "verzonden vanuit", "sent via the samsung", "sent via blackberry", "sent with k-9", "sent from my phone",
	"sent from my windows", "sent from my blackberry", "sent from my huawei", "sent from my xiaomi", "sent from my pixel",
	"sent from nine", "sent from bluemail", "sent from blue mail", "sent from spark", "sent with spark",
	"diese nachricht wurde von meinem",
};

static const char *const attributes[] = {
	"href", "src", "alt", "title", "width", "height", "align", "valign", "bgcolor", "color", "face", "size", "border",
	"cellpadding", "cellspacing", "colspan", "rowspan", "span", "dir", "type", "start", "value", "style", "class", "id",
	"name", "target", "rel", "background", "nowrap", "open", "scope", "hspace", "vspace", "link", "vlink", "alink", "text",
};
/* What a link may begin with. Files on the user's disk, messages in the user's mailbox and scripts are nothing to others. */
static const char *const schemes[] = {
	"http", "https", "mailto", "cid", "data", "tel", "sms", "ftp", "ftps", "sftp", "ssh", "git", "xmpp", "sip", "sips", "geo",
	"news", "nntp", "irc", "ircs", "matrix", "webcal", "webcals", "magnet", "bitcoin", "ipfs", "gopher", "gemini", "facetime",
	"skype", "callto", "whatsapp", "tg", "signal", "zoommtg", "zoomus", "msteams", "ms-word", "ms-excel", "slack", "spotify",
	"feed", "rtsp", "openpgp4fpr", "lightning", "urn", "doi", "ldap", "ldaps", "svn", "view-source", "wss", "ws",
};
// clang-format on

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_type(struct str type, const char *row)
{
	struct str r = str_c(row);
	bool family = r.p[r.n - 1] == '/' || r.p[r.n - 1] == '-';

	return family ? str_starts(type, r) : str_eq(type, r);
}

static bool ends_nocase(struct str s, struct str end)
{
	return s.n >= end.n && str_eq_nocase(str_from(s, s.n - end.n), end);
}

static const struct part_row *by_type(struct str type)
{
	for (size_t i = 0; i < COUNT(parts); i++)
		if (is_type(type, parts[i].type))
			return &parts[i];
	return NULL;
}

/* A file by its name alone: many programs send whatever they attach as octets. */
static const struct part_row *by_name(struct str filename)
{
	for (size_t i = 0; i < COUNT(parts); i++)
		if (parts[i].suffix && ends_nocase(filename, str_c(parts[i].suffix)))
			return &parts[i];
	return NULL;
}

const struct part_row *part_row(struct str type, struct str filename)
{
	static const struct part_row file = { "", NULL, PART_BYTES, "a file of the user's choice" };
	static const struct part_row saved = { "", NULL, PART_REFUSE,
		                               "a message as a file: its header names who had it" };
	const struct part_row *t = by_type(type), *n = by_name(filename);

	/* of what both say the stricter: a card that is called text, a certificate that is called octets */
	if (n && (!t || t->rule == PART_TEXT || t->rule == PART_BYTES))
		return n->rule == PART_MESSAGE ? &saved : n;
	return t ? t : &file;
}

const struct tag_row *tag_row(struct str name)
{
	static const struct tag_row unlisted = { "", TAG_BARE, false, "not listed" };

	for (size_t i = 0; i < COUNT(tags); i++)
		if (str_eq(name, str_c(tags[i].name)))
			return &tags[i];
	return &unlisted;
}

bool attribute_stays(struct str name)
{
	for (size_t i = 0; i < COUNT(attributes); i++)
		if (str_eq(name, str_c(attributes[i])))
			return true;
	return false;
}

bool link_stays(struct str url)
{
	size_t end = str_chr(url, ':');
	struct str scheme = str_first(url, end);

	for (size_t i = 0; i < scheme.n; i++)
		if (strchr("/?#", scheme.p[i]))
			end = url.n; /* a colon of the path */
	if (end == url.n) /* a place on a disk, or on a host of the user's network, begins with a slash */
		return !str_starts(url, STR("\\")) &&
		       (!str_starts(url, STR("/")) || str_starts(url, STR("//")));
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_eq_nocase(scheme, str_c(schemes[i])))
			return true;
	return false;
}

bool is_client_mark(struct str s)
{
	for (size_t at = 0; at < s.n; at++)
		for (size_t i = 0; i < COUNT(marks); i++)
			if ((!at || s.p[at - 1] <= ' ' || strchr("-_;:.#,{}", s.p[at - 1])) &&
			    str_starts_nocase(str_from(s, at), str_c(marks[i])))
				return true;
	return false;
}

bool is_client_line(struct str line)
{
	for (size_t i = 0; i < COUNT(client_lines); i++)
		if (line.n < 120 && str_starts_nocase(line, str_c(client_lines[i])))
			return true;
	return false;
}
