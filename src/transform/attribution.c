#include "transform/attribution.h"

#include "wire/letter.h"

enum {
	ATTRIBUTION_MAX = 500,
	HOUR_MAX = 24,
	MINUTE_MAX = 59,
	YEAR_DIGITS = 4,
	BRACKET_MAX = 60,
	WORD_MAX = 12
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_ascii_alnum(char c)
{
	c = ascii_lower(c);
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

static size_t blanks_at(struct str t, size_t i)
{
	size_t k = i, n;

	while (k < t.n && (letter_at(t, k, &n) == LETTER_BLANK || letter_at(t, k, &n) == LETTER_NOTHING))
		k += n;
	return k - i;
}

static size_t blanks_before(struct str t, size_t i)
{
	size_t k = i;

	while (k) {
		size_t one = k - 1, n;

		while (one && k - one < 4 && ((unsigned char)t.p[one] & 0xc0) == 0x80)
			one--;
		if (letter_at(t, one, &n) != LETTER_BLANK)
			break;
		k = one;
	}
	return i - k;
}

/* ---- a time of day ----------------------------------------------------------------------------------------------- */

/* Words that stand before one and make no sense without it. */
static const char *const befores[] = {
	"at",  "um",  "gegen",   "à",          "a las", "a la", "alle ore", "alle",
	"ore", "om",  "o godz.", "o godzinie", "o",     "às",   "as",       "kl.",
	"kl",  "klo", "ob",      "в",          "о",     "saat", "klockan",  "klokken",
};

/* Of these some write a full stop between hours and minutes. */
static bool is_before(struct str t, size_t end, bool full_stop, size_t *ret_n)
{
	for (size_t i = 0; i < COUNT(befores); i++) {
		struct str w = str_c(befores[i]);

		if (full_stop && w.p[0] != 'k' && !str_starts(w, STR("um")) && w.n < 3)
			continue;
		if (end < w.n || !str_eq_nocase(str_of(t.p + end - w.n, w.n), w) || letter_ends(t, end - w.n))
			continue;
		*ret_n = w.n;
		return true;
	}
	return false;
}

static size_t number_at(struct str t, size_t i, unsigned most, size_t *ret_digits)
{
	unsigned v = 0;
	size_t k = i;

	for (; k < t.n && k - i < 2 && is_digit(t.p[k]); k++)
		v = v * 10 + (unsigned)(t.p[k] - '0');
	*ret_digits = k - i;
	return k > i && v <= most && (k == t.n || !is_digit(t.p[k])) ? k - i : 0;
}

static bool is_hour_word(struct str t, size_t i)
{
	size_t k = i + blanks_at(t, i);

	return str_starts_nocase(str_from(t, k), STR("uhr"));
}

/* What stands between hours and minutes: a colon; "h"; a full stop where it is told that a time is meant. */
static size_t between_at(struct str t, size_t begin, size_t k, size_t end)
{
	size_t n, blank = blanks_at(t, k), before = begin - blanks_before(t, begin);

	if (k < t.n &&
	    (t.p[k] == ':' || (t.p[k] == '.' && (is_hour_word(t, end) || is_before(t, before, true, &n)))))
		return 1;
	if (str_starts(str_from(t, k), STR("\xef\xbc\x9a")))
		return 3;
	k += blank;
	if (k < t.n && ascii_lower(t.p[k]) == 'h')
		return blank + 1 + blanks_at(t, k + 1);
	return 0;
}

/* "17:03", "5:03:12", "17.03 Uhr", "17h03": 0: none here. */
static size_t clock_at(struct str t, size_t i)
{
	size_t digits, n = number_at(t, i, HOUR_MAX, &digits), k = i + n, sep;

	if (!n || (i && (is_digit(t.p[i - 1]) || t.p[i - 1] == ':' || t.p[i - 1] == '.')))
		return 0;
	if (i && is_ascii_alnum(t.p[i - 1]) &&
	    !(ascii_lower(t.p[i - 1]) == 't' && i > 1 && is_digit(t.p[i - 2])))
		return 0;
	sep = between_at(t, i, k, k + 3);
	if (!sep || number_at(t, k + sep, MINUTE_MAX, &digits) != 2)
		return 0;
	k += sep + 2;
	if (k + 2 < t.n && (t.p[k] == ':' || t.p[k] == '.') &&
	    number_at(t, k + 1, MINUTE_MAX + 1, &digits) == 2)
		k += 3;
	return k < t.n && t.p[k] == ':' && k + 1 < t.n && is_digit(t.p[k + 1]) ? 0 : k - i;
}

/* "PM", "p.m.", "p. m." */
static size_t half_at(struct str t, size_t i)
{
	size_t k = i + 1;

	if (i >= t.n || (ascii_lower(t.p[i]) != 'a' && ascii_lower(t.p[i]) != 'p'))
		return 0;
	k += k < t.n && t.p[k] == '.';
	k += blanks_at(t, k);
	if (k >= t.n || ascii_lower(t.p[k]) != 'm' || letter_begins(t, k + 1))
		return 0;
	return k + 1 + (k + 1 < t.n && t.p[k + 1] == '.') - i;
}

/* "+0100", "GMT+1", "CEST", "PM", "Uhr" after a time. 0: none here. */
static size_t zone_at(struct str t, size_t i)
{
	static const char *const words[] = {
		"Uhr",  "UTC",  "GMT",  "CET",  "CEST", "MEZ",  "MESZ", "EET",  "EEST", "WET", "WEST", "BST",
		"IST",  "EST",  "EDT",  "CST",  "CDT",  "MST",  "MDT",  "PST",  "PDT",  "JST", "KST",  "MSK",
		"AEST", "AEDT", "ACST", "AWST", "HST",  "AKST", "AKDT", "NZST", "NZDT", "BRT", "ART",  "SAST",
		"Z",    "h",    "hrs",  "TRT",  "PKT",  "SGT",  "HKT",  "ICT",  "AST",  "ADT",
	};
	size_t k = i + half_at(t, i);

	for (size_t w = 0; w < COUNT(words) && k == i; w++) {
		struct str word = str_c(words[w]);

		if (str_starts_nocase(str_from(t, i), word) && !letter_begins(t, i + word.n))
			k = i + word.n;
	}
	if (k + 1 < t.n && (t.p[k] == '+' || t.p[k] == '-') && is_digit(t.p[k + 1]))
		for (k++; k < t.n && (is_digit(t.p[k]) || t.p[k] == ':'); k++)
			;
	if (str_starts(str_from(t, k), STR("\xe2\x88\x92"))) /* the minus of typographers */
		for (k += 3; k < t.n && (is_digit(t.p[k]) || t.p[k] == ':'); k++)
			;
	return k - i;
}

/* "(CEST)", "(Central European Standard Time)": words in brackets behind a time. */
static size_t bracket_at(struct str t, size_t i)
{
	size_t k = i + 1;

	if (i >= t.n || t.p[i] != '(')
		return 0;
	while (k < t.n && k - i < BRACKET_MAX &&
	       (letter_begins(t, k) || strchr(" +-:/", t.p[k]) || ((unsigned char)t.p[k] & 0xc0) == 0x80))
		k++;
	return k < t.n && t.p[k] == ')' && k > i + 2 ? k + 1 - i : 0;
}

/* What belongs to a time of day that ends at i: PM, a zone, a zone in brackets. */
static size_t end_of_time(struct str t, size_t i)
{
	bool zoned = false;

	for (;;) {
		size_t b = blanks_at(t, i), z = zone_at(t, i + b);

		if (!z && i + b < t.n && t.p[i + b] == '(') {
			size_t bracket = bracket_at(t, i + b);

			z = zone_at(t, i + b + 1);
			z = bracket && (zoned || z) ? bracket : 0;
		}
		if (!z)
			return i;
		zoned = zoned || !half_at(t, i + b);
		i += b + z;
	}
}

/* With the word before it, and the blanks: no two of them where one was enough, nor two commas. */
static size_t begin_of_time(struct str t, size_t i, size_t end)
{
	size_t begin = i - blanks_before(t, i), n;
	bool closed = end == t.n || blanks_at(t, end) || strchr(",;:)]>\"", t.p[end]);

	if (is_before(t, begin, false, &n)) {
		begin -= n;
		i = begin;
		begin -= blanks_before(t, begin);
	}
	if (!closed)
		return i;
	if (begin && end < t.n && t.p[end] == ',' && t.p[begin - 1] == ',')
		begin--;
	return begin;
}

bool next_time(struct str t, size_t from, size_t *ret_at, size_t *ret_n)
{
	for (size_t i = from; i < t.n; i++) {
		size_t n = is_digit(t.p[i]) ? clock_at(t, i) : 0, end, at;

		if (!n)
			continue;
		end = end_of_time(t, i + n);
		at = begin_of_time(t, i, end);
		*ret_at = at > from ? at : from;
		*ret_n = end - *ret_at;
		return true;
	}
	return false;
}

void put_without_times(struct str t, struct buf *out)
{
	size_t done = 0, at, n;

	while (next_time(t, done, &at, &n)) {
		buf_add(out, str_of(t.p + done, at - done));
		done = at + n;
	}
	buf_add(out, str_from(t, done));
}

/* ---- the lines --------------------------------------------------------------------------------------------------- */

/* "26.11.26": numbers of one or two digits with one sign between them; k: where the first ends. */
static bool is_three_numbers(struct str t, size_t k)
{
	char sep = k < t.n ? t.p[k] : 0;
	size_t digits, n = sep && strchr("./-", sep) ? number_at(t, k + 1, MINUTE_MAX, &digits) : 0;

	return n && k + 1 + n + 1 < t.n && t.p[k + 1 + n] == sep && is_digit(t.p[k + n + 2]);
}

/* A year, or three numbers. */
static bool has_date(struct str t)
{
	for (size_t i = 0; i < t.n; i++) {
		size_t k = i;

		while (k < t.n && is_digit(t.p[k]))
			k++;
		if (k - i == YEAR_DIGITS && (t.p[i] == '1' || t.p[i] == '2'))
			return true;
		if ((k - i == 1 || k - i == 2) && is_three_numbers(t, k))
			return true;
		i = k > i ? k - 1 : i;
	}
	return false;
}

bool has_date_and_time(struct str line)
{
	struct str t = str_trim(line);
	size_t at, n;

	return t.n && t.n <= ATTRIBUTION_MAX && next_time(t, 0, &at, &n) && has_date(t);
}

bool ends_with_colon(struct str line)
{
	struct str t = str_first(line, line.n - blanks_before(line, line.n));

	return str_ends(t, STR(":")) || str_ends(t, STR("\xef\xbc\x9a"));
}

static struct str without_marks(struct str t)
{
	for (;;) {
		size_t n = blanks_at(t, 0);

		if (n < t.n && (t.p[n] == '>' || t.p[n] == '*'))
			n++;
		if (!n)
			return t;
		t = str_from(t, n);
	}
}

bool is_quote_header(struct str line, bool *ret_alone)
{
	static const char *const labels[] = {
		"From",       "Sent",       "Date",    "To",        "Cc",        "Subject",   "Reply-To",
		"Von",        "Gesendet",   "Datum",   "An",        "Betreff",   "Kopie",     "Antwort an",
		"De",         "Envoyé",     "Objet",   "À",         "Copie à",   "Enviado",   "Enviado el",
		"Enviado em", "Enviada em", "Fecha",   "Para",      "Asunto",    "Assunto",   "Da",
		"Inviato",    "Data",       "A",       "Oggetto",   "Van",       "Verzonden", "Aan",
		"Onderwerp",  "Från",       "Skickat", "Till",      "Ämne",      "Kopia",     "Od",
		"Wysłano",    "Do",         "DW",      "Temat",     "Fra",       "Sendt",     "Til",
		"Emne",       "Dato",       "Kopi",    "Lähettäjä", "Lähetetty", "От",        "Отправлено",
		"Дата",       "Кому",       "Тема",    "Копия",
	};
	struct str t = without_marks(line);

	if (str_chr(t, ':') == t.n)
		return false;
	for (size_t i = 0; i < COUNT(labels); i++) {
		struct str rest = str_from(t, str_c(labels[i]).n);

		if (!str_starts_nocase(t, str_c(labels[i])))
			continue;
		rest = str_from(rest, blanks_at(rest, 0));
		if (rest.n && rest.p[0] == '*')
			rest = str_from(rest, 1);
		if (!str_starts(rest, STR(":")))
			continue;
		*ret_alone = blanks_at(rest, 1) == rest.n - 1;
		return true;
	}
	return false;
}
