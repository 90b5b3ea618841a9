#include "role/web/headers.h"

const struct header headers_always[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
	  "data:; font-src 'self'; "
	  "manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
	  "require-trusted-types-for 'script'; trusted-types 'none'",
	  false },
	{ "X-Content-Type-Options", "nosniff", false },
	{ "X-Frame-Options", "DENY", false },
	{ "Referrer-Policy", "no-referrer", false },
	{ "Cross-Origin-Opener-Policy", "same-origin", false },
	{ "Permissions-Policy",
	  "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
	  "magnetometer=(), "
	  "microphone=(), midi=(), payment=(), screen-wake-lock=(), usb=()",
	  false },
	{ "Connection", "close", false },
	{ "Strict-Transport-Security", "max-age=63072000; includeSubDomains", true },
	{ NULL, NULL, false }
};
