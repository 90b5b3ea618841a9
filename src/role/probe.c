#include "role/probe.h"

#ifdef POSTERN_TESTHOOKS
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

static int try_open(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int try_open_home(void)
{
	return open("/tmp/postern-probe", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int try_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

/* Of no role where no route looks names up. */
static int try_datagram(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int try_connect(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		                  .sin_port = htons(9),
		                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? fd : connect(fd, (struct sockaddr *)&to, sizeof(to));
}

static int try_bind(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };

	return bind(3, (struct sockaddr *)&at, sizeof(at));
}

static int try_execve(void)
{
	char *argv[] = { NULL }, *env[] = { NULL };

	return execve("/bin/true", argv, env);
}

static int try_ptrace(void)
{
	return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static const struct {
	const char *name;
	int (*run)(void);
} tries[] = {
	{ "open", try_open },         { "create", try_open_home }, { "socket", try_socket },
	{ "datagram", try_datagram }, { "connect", try_connect },  { "bind", try_bind },
	{ "execve", try_execve },     { "ptrace", try_ptrace },    { "fork", try_fork },
};

void probe_run(void)
{
	if (!getenv("POSTERN_PROBE"))
		return;
	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		errno = 0;
		log_info("ev=probe call=%s result=%s", tries[i].name,
		         tries[i].run() >= 0 ? "allowed" : strerrorname_np(errno));
	}
}
#else
typedef int probe_is_empty;
#endif
