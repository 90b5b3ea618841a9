/* Law: what decodes encodes to the same bytes. */
#include "ipc/schema.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	_Alignas(max_align_t) char room[IPC_STRUCT_MAX];
	OWN(buf) b = BUF(IPC_RECORD_MAX);
	enum ipc_tag tag;

	if (n > IPC_RECORD_MAX || ipc_decode(str_of(p, n), &tag, room, NULL) < 0)
		return 0;
	if (ipc_encode(tag, room, &b, NULL) < 0 || !str_eq(buf_str(&b), str_of(p, n)))
		abort();
	return 0;
}
