/* reference.c - the named references of HTML that stand for letters up to U+017F and for signs that addresses and names have
 * (HTML Living Standard 13.5). */
#include "wire/reference.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 31 };

struct row {
	const char *name;
	uint32_t is;
};

// clang-format off
static const struct row rows[] = { /* sorted by strcmp() */
	{ "AElig", 0xc6 }, { "Aacute", 0xc1 }, { "Abreve", 0x102 }, { "Acirc", 0xc2 }, { "Agrave", 0xc0 },
	{ "Amacr", 0x100 }, { "Aogon", 0x104 }, { "Aring", 0xc5 }, { "Atilde", 0xc3 }, { "Auml", 0xc4 }, { "COPY", 0xa9 },
	{ "Cacute", 0x106 }, { "Ccaron", 0x10c }, { "Ccedil", 0xc7 }, { "Ccirc", 0x108 }, { "Cdot", 0x10a },
	{ "Cedilla", 0xb8 }, { "CenterDot", 0xb7 }, { "Dcaron", 0x10e }, { "DiacriticalAcute", 0xb4 }, { "Dot", 0xa8 },
	{ "DoubleDot", 0xa8 }, { "Dstrok", 0x110 }, { "ENG", 0x14a }, { "ETH", 0xd0 }, { "Eacute", 0xc9 },
	{ "Ecaron", 0x11a }, { "Ecirc", 0xca }, { "Edot", 0x116 }, { "Egrave", 0xc8 }, { "Emacr", 0x112 },
	{ "Eogon", 0x118 }, { "Euml", 0xcb }, { "Gbreve", 0x11e }, { "Gcedil", 0x122 }, { "Gcirc", 0x11c },
	{ "Gdot", 0x120 }, { "Hat", 0x5e }, { "Hcirc", 0x124 }, { "Hstrok", 0x126 }, { "IJlig", 0x132 }, { "Iacute", 0xcd },
	{ "Icirc", 0xce }, { "Idot", 0x130 }, { "Igrave", 0xcc }, { "Imacr", 0x12a }, { "Iogon", 0x12e },
	{ "Itilde", 0x128 }, { "Iuml", 0xcf }, { "Jcirc", 0x134 }, { "Kcedil", 0x136 }, { "Lacute", 0x139 },
	{ "Lcaron", 0x13d }, { "Lcedil", 0x13b }, { "Lmidot", 0x13f }, { "Lstrok", 0x141 }, { "Nacute", 0x143 },
	{ "Ncaron", 0x147 }, { "Ncedil", 0x145 }, { "NewLine", 0xa }, { "NoBreak", 0x2060 }, { "NonBreakingSpace", 0xa0 },
	{ "Ntilde", 0xd1 }, { "OElig", 0x152 }, { "Oacute", 0xd3 }, { "Ocirc", 0xd4 }, { "Odblac", 0x150 },
	{ "Ograve", 0xd2 }, { "Omacr", 0x14c }, { "Oslash", 0xd8 }, { "Otilde", 0xd5 }, { "Ouml", 0xd6 },
	{ "PlusMinus", 0xb1 }, { "REG", 0xae }, { "Racute", 0x154 }, { "Rcaron", 0x158 }, { "Rcedil", 0x156 },
	{ "Sacute", 0x15a }, { "Scaron", 0x160 }, { "Scedil", 0x15e }, { "Scirc", 0x15c }, { "THORN", 0xde }, { "Tab", 0x9 },
	{ "Tcaron", 0x164 }, { "Tcedil", 0x162 }, { "Tstrok", 0x166 }, { "Uacute", 0xda }, { "Ubreve", 0x16c },
	{ "Ucirc", 0xdb }, { "Udblac", 0x170 }, { "Ugrave", 0xd9 }, { "Umacr", 0x16a }, { "UnderBar", 0x5f },
	{ "Uogon", 0x172 }, { "Uring", 0x16e }, { "Utilde", 0x168 }, { "Uuml", 0xdc }, { "Wcirc", 0x174 },
	{ "Yacute", 0xdd }, { "Ycirc", 0x176 }, { "Yuml", 0x178 }, { "Zacute", 0x179 }, { "Zcaron", 0x17d },
	{ "Zdot", 0x17b }, { "ZeroWidthSpace", 0x200b }, { "aacute", 0xe1 }, { "abreve", 0x103 }, { "acirc", 0xe2 },
	{ "acute", 0xb4 }, { "aelig", 0xe6 }, { "agrave", 0xe0 }, { "amacr", 0x101 }, { "angst", 0xc5 }, { "aogon", 0x105 },
	{ "apos", 0x27 }, { "aring", 0xe5 }, { "ast", 0x2a }, { "atilde", 0xe3 }, { "auml", 0xe4 }, { "bdquo", 0x201e },
	{ "brvbar", 0xa6 }, { "bsol", 0x5c }, { "bull", 0x2022 }, { "cacute", 0x107 }, { "ccaron", 0x10d },
	{ "ccedil", 0xe7 }, { "ccirc", 0x109 }, { "cdot", 0x10b }, { "cedil", 0xb8 }, { "cent", 0xa2 },
	{ "centerdot", 0xb7 }, { "circledR", 0xae }, { "colon", 0x3a }, { "comma", 0x2c }, { "commat", 0x40 },
	{ "copy", 0xa9 }, { "curren", 0xa4 }, { "dash", 0x2010 }, { "dcaron", 0x10f }, { "deg", 0xb0 }, { "die", 0xa8 },
	{ "div", 0xf7 }, { "divide", 0xf7 }, { "dollar", 0x24 }, { "dstrok", 0x111 }, { "eacute", 0xe9 },
	{ "ecaron", 0x11b }, { "ecirc", 0xea }, { "edot", 0x117 }, { "egrave", 0xe8 }, { "emacr", 0x113 },
	{ "emsp", 0x2003 }, { "eng", 0x14b }, { "ensp", 0x2002 }, { "eogon", 0x119 }, { "equals", 0x3d }, { "eth", 0xf0 },
	{ "euml", 0xeb }, { "euro", 0x20ac }, { "excl", 0x21 }, { "frac12", 0xbd }, { "frac14", 0xbc }, { "frac34", 0xbe },
	{ "gbreve", 0x11f }, { "gcirc", 0x11d }, { "gdot", 0x121 }, { "grave", 0x60 }, { "gt", 0x3e }, { "hairsp", 0x200a },
	{ "half", 0xbd }, { "hcirc", 0x125 }, { "hellip", 0x2026 }, { "hstrok", 0x127 }, { "hyphen", 0x2010 },
	{ "iacute", 0xed }, { "icirc", 0xee }, { "iexcl", 0xa1 }, { "igrave", 0xec }, { "ijlig", 0x133 }, { "imacr", 0x12b },
	{ "imath", 0x131 }, { "inodot", 0x131 }, { "iogon", 0x12f }, { "iquest", 0xbf }, { "itilde", 0x129 },
	{ "iuml", 0xef }, { "jcirc", 0x135 }, { "kcedil", 0x137 }, { "kgreen", 0x138 }, { "lacute", 0x13a },
	{ "laquo", 0xab }, { "lbrace", 0x7b }, { "lbrack", 0x5b }, { "lcaron", 0x13e }, { "lcedil", 0x13c },
	{ "lcub", 0x7b }, { "ldquo", 0x201c }, { "lmidot", 0x140 }, { "lowbar", 0x5f }, { "lpar", 0x28 }, { "lrm", 0x200e },
	{ "lsaquo", 0x2039 }, { "lsqb", 0x5b }, { "lsquo", 0x2018 }, { "lstrok", 0x142 }, { "lt", 0x3c }, { "macr", 0xaf },
	{ "mdash", 0x2014 }, { "micro", 0xb5 }, { "midast", 0x2a }, { "middot", 0xb7 }, { "nacute", 0x144 },
	{ "napos", 0x149 }, { "nbsp", 0xa0 }, { "ncaron", 0x148 }, { "ncedil", 0x146 }, { "ndash", 0x2013 }, { "not", 0xac },
	{ "ntilde", 0xf1 }, { "num", 0x23 }, { "numsp", 0x2007 }, { "oacute", 0xf3 }, { "ocirc", 0xf4 }, { "odblac", 0x151 },
	{ "oelig", 0x153 }, { "ograve", 0xf2 }, { "omacr", 0x14d }, { "ordf", 0xaa }, { "ordm", 0xba }, { "oslash", 0xf8 },
	{ "otilde", 0xf5 }, { "ouml", 0xf6 }, { "para", 0xb6 }, { "percnt", 0x25 }, { "period", 0x2e }, { "plus", 0x2b },
	{ "plusmn", 0xb1 }, { "pm", 0xb1 }, { "pound", 0xa3 }, { "puncsp", 0x2008 }, { "quest", 0x3f }, { "quot", 0x22 },
	{ "racute", 0x155 }, { "raquo", 0xbb }, { "rbrace", 0x7d }, { "rbrack", 0x5d }, { "rcaron", 0x159 },
	{ "rcedil", 0x157 }, { "rcub", 0x7d }, { "rdquo", 0x201d }, { "reg", 0xae }, { "rlm", 0x200f }, { "rpar", 0x29 },
	{ "rsaquo", 0x203a }, { "rsqb", 0x5d }, { "rsquo", 0x2019 }, { "sacute", 0x15b }, { "sbquo", 0x201a },
	{ "scaron", 0x161 }, { "scedil", 0x15f }, { "scirc", 0x15d }, { "sect", 0xa7 }, { "semi", 0x3b }, { "shy", 0xad },
	{ "sol", 0x2f }, { "strns", 0xaf }, { "sup1", 0xb9 }, { "sup2", 0xb2 }, { "sup3", 0xb3 }, { "szlig", 0xdf },
	{ "tcaron", 0x165 }, { "tcedil", 0x163 }, { "thinsp", 0x2009 }, { "thorn", 0xfe }, { "times", 0xd7 },
	{ "trade", 0x2122 }, { "tstrok", 0x167 }, { "uacute", 0xfa }, { "ubreve", 0x16d }, { "ucirc", 0xfb },
	{ "udblac", 0x171 }, { "ugrave", 0xf9 }, { "umacr", 0x16b }, { "uml", 0xa8 }, { "uogon", 0x173 }, { "uring", 0x16f },
	{ "utilde", 0x169 }, { "uuml", 0xfc }, { "verbar", 0x7c }, { "vert", 0x7c }, { "wcirc", 0x175 }, { "yacute", 0xfd },
	{ "ycirc", 0x177 }, { "yen", 0xa5 }, { "yuml", 0xff }, { "zacute", 0x17a }, { "zcaron", 0x17e }, { "zdot", 0x17c },
	{ "zwj", 0x200d }, { "zwnj", 0x200c },
};
// clang-format on

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

uint32_t reference(struct str name)
{
	char z[NAME_MAX_BYTES + 1] = { 0 };
	const struct row wanted = { .name = z }, *found;

	if (!name.n || name.n > NAME_MAX_BYTES)
		return 0;
	memcpy(z, name.p, name.n);
	found = bsearch(&wanted, rows, sizeof(rows) / sizeof(rows[0]), sizeof(rows[0]), by_name);
	return found ? found->is : 0;
}
