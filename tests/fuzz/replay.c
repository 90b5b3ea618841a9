/* replay.c - runs a fuzz target over the files of a folder, as a plain test without a fuzzer. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static int replay(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	uint8_t *p = size < 0 ? NULL : malloc((size_t)size + 1);
	ssize_t n = p ? pread(fd, p, (size_t)size, 0) : -1;

	if (n >= 0)
		LLVMFuzzerTestOneInput(p, (size_t)n);
	free(p);
	if (fd >= 0)
		close(fd);
	return n < 0;
}

int main(int argc, char **argv)
{
	DIR *dir = argc > 1 ? opendir(argv[1]) : NULL;
	int ran = 0, bad = 0;

	if (!dir) {
		fprintf(stderr, "no corpus folder\n");
		return 1;
	}
	if (LLVMFuzzerInitialize)
		LLVMFuzzerInitialize(&argc, &argv);
	for (struct dirent *e; (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		bad += replay(dirfd(dir), e->d_name);
		ran++;
	}
	closedir(dir);
	printf("%d inputs\n", ran);
	return bad || !ran;
}
