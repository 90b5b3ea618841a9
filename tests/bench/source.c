/* source.c - a load generator beside Postfix's smtp-source: the same dialogue, one message a connection, but each message
 * may come from a sender of its own.  source PORT SESSIONS MESSAGES BYTES RCPT PREFIX
 * Message n of the run is From PREFIX-n@source.example. Exits with 1 when a reply is no 2xx or 3xx. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum step { GREETING, HELO, MAIL, RCPT, DATA, DOT, QUIT, STEPS };

struct session {
	int fd;
	enum step step;
	unsigned number;
	size_t had;
	char reply[1024];
};

static struct {
	const char *rcpt, *prefix;
	struct sockaddr_in to;
	unsigned started, ended, messages;
	char *body;
	size_t n_body;
	int loop;
} run;

static void die(const char *what)
{
	fprintf(stderr, "source: %s\n", what);
	exit(1);
}

static void say(struct session *s, const char *text, size_t n)
{
	while (n) {
		ssize_t done = write(s->fd, text, n);

		if (done < 0)
			die("write");
		text += done;
		n -= (size_t)done;
	}
}

static void begin(struct session *s)
{
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = s };
	int one = 1;

	*s = (struct session){ .fd = socket(AF_INET, SOCK_STREAM, 0), .number = run.started++ };
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&run.to, sizeof(run.to)) < 0)
		die("connect");
	setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(run.loop, EPOLL_CTL_ADD, s->fd, &e) < 0)
		die("epoll_ctl");
}

/* After the reply to `step` comes this. */
static void next(struct session *s)
{
	char line[2048];
	int n = 0;

	switch (s->step) {
	case GREETING:
		n = snprintf(line, sizeof(line), "HELO source.example\r\n");
		break;
	case HELO:
		n = snprintf(line, sizeof(line), "MAIL FROM:<%s-%u@source.example>\r\n", run.prefix, s->number);
		break;
	case MAIL:
		n = snprintf(line, sizeof(line), "RCPT TO:<%s>\r\n", run.rcpt);
		break;
	case RCPT:
		n = snprintf(line, sizeof(line), "DATA\r\n");
		break;
	case DATA:
		n = snprintf(line, sizeof(line),
		             "From: <%s-%u@source.example>\r\nTo: <%s>\r\nDate: Mon, 23 Nov 2026 10:00:00 "
		             "+0000\r\nMessage-Id: <%s.%u@source.example>\r\nSubject: load\r\n\r\n",
		             run.prefix, s->number, run.rcpt, run.prefix, s->number);
		say(s, line, (size_t)n);
		say(s, run.body, run.n_body);
		n = snprintf(line, sizeof(line), ".\r\n");
		break;
	case DOT:
		n = snprintf(line, sizeof(line), "QUIT\r\n");
		break;
	default:
		break;
	}
	say(s, line, (size_t)n);
	s->step++;
}

static void ready(struct session *s)
{
	ssize_t n = read(s->fd, s->reply + s->had, sizeof(s->reply) - 1 - s->had);

	if (n <= 0)
		die("the server closed the connection");
	s->had += (size_t)n;
	s->reply[s->had] = '\0';
	if (s->reply[s->had - 1] != '\n')
		return;
	if (s->reply[0] != '2' && s->reply[0] != '3')
		die(s->reply);
	s->had = 0;
	if (s->step < QUIT) {
		next(s);
		return;
	}
	close(s->fd);
	run.ended++;
	if (run.started < run.messages)
		begin(s);
}

static void make_body(size_t bytes)
{
	run.body = malloc(bytes + 80);
	if (!run.body)
		die("no memory");
	while (run.n_body < bytes) {
		memset(run.body + run.n_body, 'X', 78);
		memcpy(run.body + run.n_body + 78, "\r\n", 2);
		run.n_body += 80;
	}
}

int main(int argc, char **argv)
{
	struct epoll_event events[64];
	unsigned sessions;

	if (argc != 7)
		die("PORT SESSIONS MESSAGES BYTES RCPT PREFIX");
	sessions = (unsigned)atoi(argv[2]);
	run.messages = (unsigned)atoi(argv[3]);
	run.rcpt = argv[5];
	run.prefix = argv[6];
	run.to.sin_family = AF_INET;
	run.to.sin_port = htons((uint16_t)atoi(argv[1]));
	inet_pton(AF_INET, "127.0.0.1", &run.to.sin_addr);
	make_body((size_t)atoi(argv[4]));
	run.loop = epoll_create1(0);
	struct session *all = calloc(sessions, sizeof(*all));
	if (!all || run.loop < 0)
		die("no memory");
	for (unsigned i = 0; i < sessions && run.started < run.messages; i++)
		begin(&all[i]);
	while (run.ended < run.messages) {
		int n = epoll_wait(run.loop, events, 64, 60000);

		if (n <= 0)
			die("nothing happened for a minute");
		for (int i = 0; i < n; i++)
			ready(events[i].data.ptr);
	}
	return 0;
}
