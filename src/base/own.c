#include "base/own.h"

#include <unistd.h>

void ownfd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
