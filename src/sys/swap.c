#include "sys/swap.h"

#include "base/own.h"

#include <fcntl.h>
#include <unistd.h>

enum { SWAPS_MAX = 8192 };

bool swap_text_is_open(struct str swaps)
{
	(void)str_cut(&swaps, '\n'); /* titles */
	while (swaps.p) {
		struct str line = str_trim(str_cut(&swaps, '\n'));

		/* The mapper's devices are most often encrypted, and compressed memory is memory. */
		if (line.n && !str_starts(line, STR("/dev/dm-")) && !str_starts(line, STR("/dev/zram")))
			return true;
	}
	return false;
}

bool swap_is_open(void)
{
	OWNFD fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
	char text[SWAPS_MAX];
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text));

	return n > 0 && swap_text_is_open(str_of(text, (size_t)n));
}
