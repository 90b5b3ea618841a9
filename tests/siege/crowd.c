/* crowd.c - more clients than a server can serve: a new one at each tick of a clock, whether or not the others were answered.
 * crowd PORT RATE SECONDS MOST BYTES PREFIX RCPT...
 * RATE connections a second, MOST at once (what does not fit is not begun and is counted), from 64 addresses of 127.8/16. Client
 * n writes one message of about BYTES from PREFIX-n@source.example (from PREFIX, where that is an address) to RCPT[n % count]; one
 * that is refused or cut off does not come again. Prints one line of JSON: how many began, were accepted, were refused by which code, were lost; and how
 * long those that were accepted took, from connecting and from the dot to the 250. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum step { GREETING, HELO, MAIL, RCPT, DATA, DOT, STEPS };
enum { SOURCES = 64, CODES = 600, EVENTS = 256, DRAIN_S = 120 };

struct client {
	int fd;
	enum step step;
	unsigned number;
	double since, dot;
	size_t had;
	char reply[1024];
	char *out; /* what has not been written */
	size_t n_out;
};

static struct {
	struct sockaddr_in to;
	double rate, seconds;
	unsigned most, n_rcpts, begun, open, accepted, lost, no_room, by_code[CODES];
	char **rcpts;
	const char *prefix;
	char *body;
	double *took, *after_dot;
	int loop;
} run;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void end(struct client *c)
{
	close(c->fd);
	free(c->out);
	free(c);
	run.open--;
}

static void lose(struct client *c)
{
	run.lost++;
	end(c);
}

static void want(struct client *c)
{
	struct epoll_event e = { .events = c->n_out ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = c };

	if (epoll_ctl(run.loop, EPOLL_CTL_MOD, c->fd, &e) < 0)
		die("epoll_ctl");
}

static bool flush(struct client *c)
{
	ssize_t n = c->n_out ? send(c->fd, c->out, c->n_out, MSG_NOSIGNAL) : 0;

	if (n < 0 && errno != EAGAIN && errno != ENOTCONN && errno != EINPROGRESS)
		return false;
	if (n > 0) {
		c->n_out -= (size_t)n;
		memmove(c->out, c->out + n, c->n_out);
	}
	want(c);
	return true;
}

static bool say(struct client *c)
{
	const char *rcpt = run.rcpts[c->number % run.n_rcpts];
	char line[1024] = "", from[128];

	snprintf(from, sizeof(from), strchr(run.prefix, '@') ? "%s" : "%s-%u@source.example", run.prefix, c->number);
	switch (c->step) {
	case GREETING:
		snprintf(line, sizeof(line), "EHLO crowd.example\r\n");
		break;
	case HELO:
		snprintf(line, sizeof(line), "MAIL FROM:<%s>\r\n", from);
		break;
	case MAIL:
		snprintf(line, sizeof(line), "RCPT TO:<%s>\r\n", rcpt);
		break;
	case RCPT:
		snprintf(line, sizeof(line), "DATA\r\n");
		break;
	case DATA:
		snprintf(line, sizeof(line),
		         "From: %s\r\nTo: %s\r\nSubject: %u\r\nMessage-ID: <%d.%u.%s>\r\n"
		         "Date: Fri, 27 Nov 2026 00:00:00 +0000\r\n\r\n",
		         from, rcpt, c->number, (int)getpid(), c->number, from);
		c->dot = now();
		break;
	case DOT:
	case STEPS:
		break;
	}
	c->n_out = strlen(line) + (c->step == DATA ? strlen(run.body) : 0);
	c->out = realloc(c->out, c->n_out + 1);
	if (!c->out)
		die("memory");
	snprintf(c->out, c->n_out + 1, "%s%s", line, c->step == DATA ? run.body : "");
	c->step++;
	return flush(c);
}

static void answered(struct client *c, unsigned code)
{
	if (code >= 400 && code < CODES) {
		run.by_code[code]++;
		end(c);
	} else if (c->step == DOT) {
		run.after_dot[run.accepted] = now() - c->dot;
		run.took[run.accepted++] = now() - c->since;
		end(c);
	} else if (!say(c)) {
		lose(c);
	}
}

static void heard(struct client *c)
{
	ssize_t n = recv(c->fd, c->reply + c->had, sizeof(c->reply) - 1 - c->had, 0);
	char *line = c->reply, *ends;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		lose(c);
		return;
	}
	c->had += (size_t)n;
	c->reply[c->had] = '\0';
	while ((ends = strchr(line, '\n'))) {
		if (line[3] == ' ') { /* the last line: nothing follows until we speak */
			c->had = 0;
			answered(c, (unsigned)strtoul(line, NULL, 10));
			return;
		}
		line = ends + 1;
	}
	c->had = strlen(line);
	memmove(c->reply, line, c->had);
}

static void begin(void)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	struct client *c = calloc(1, sizeof(*c));
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	if (!c)
		die("memory");
	c->number = run.begun++;
	c->since = now();
	from.sin_addr.s_addr = htonl(0x7f080001u + c->number % SOURCES);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		die("socket");
	run.open++;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(c->fd, (struct sockaddr *)&from, sizeof(from)) < 0 ||
	    epoll_ctl(run.loop, EPOLL_CTL_ADD, c->fd, &e) < 0)
		die("bind");
	if (connect(c->fd, (struct sockaddr *)&run.to, sizeof(run.to)) < 0 && errno != EINPROGRESS)
		lose(c);
}

static void serve(int wait_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(run.loop, events, EVENTS, wait_ms);

	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;

		if ((events[i].events & EPOLLOUT) && !flush(c))
			lose(c);
		else if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
			heard(c);
	}
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, double part)
{
	return run.accepted ? sorted[(size_t)((double)run.accepted * part)] : 0;
}

static void report(double took)
{
	const char *comma = "";

	qsort(run.took, run.accepted, sizeof(double), by_size);
	qsort(run.after_dot, run.accepted, sizeof(double), by_size);
	printf("{\"begun\": %u, \"accepted\": %u, \"lost\": %u, \"no_room\": %u, \"unanswered\": %u, \"seconds\": %.1f, \"codes\": {",
	       run.begun, run.accepted, run.lost, run.no_room, run.open, took);
	for (unsigned i = 0; i < CODES; i++) {
		if (run.by_code[i]) {
			printf("%s\"%u\": %u", comma, i, run.by_code[i]);
			comma = ", ";
		}
	}
	printf("}, \"p50_s\": %.3f, \"p99_s\": %.3f, ", quantile(run.took, 0.5), quantile(run.took, 0.99));
	printf("\"dot_p50_ms\": %.2f, \"dot_p95_ms\": %.2f, \"dot_p99_ms\": %.2f}\n", 1000 * quantile(run.after_dot, 0.5),
	       1000 * quantile(run.after_dot, 0.95), 1000 * quantile(run.after_dot, 0.99));
}

static void prepare(char **argv, int argc)
{
	size_t bytes = strtoul(argv[5], NULL, 10);
	struct rlimit files;

	run.to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)) };
	run.to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	run.rate = strtod(argv[2], NULL);
	run.seconds = strtod(argv[3], NULL);
	run.most = (unsigned)strtoul(argv[4], NULL, 10);
	run.prefix = argv[6];
	run.rcpts = argv + 7;
	run.n_rcpts = (unsigned)argc - 7;
	run.took = calloc((size_t)(run.rate * run.seconds) + 2, sizeof(double));
	run.after_dot = calloc((size_t)(run.rate * run.seconds) + 2, sizeof(double));
	run.body = malloc(bytes + 80);
	run.loop = epoll_create1(0);
	if (!run.took || !run.after_dot || !run.body || run.loop < 0)
		die("start");
	for (size_t i = 0; i < bytes; i++)
		run.body[i] = i % 72 == 70 ? '\r' : i % 72 == 71 ? '\n' : (char)('a' + i % 26);
	snprintf(run.body + bytes - bytes % 72, 8, "\r\n.\r\n");
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)!setrlimit(RLIMIT_NOFILE, &files);
	}
}

int main(int argc, char **argv)
{
	double began, passed;
	unsigned due, skipped = 0;

	if (argc < 8) {
		fprintf(stderr, "crowd PORT RATE SECONDS MOST BYTES PREFIX RCPT...\n");
		return 1;
	}
	prepare(argv, argc);
	began = now();
	while ((passed = now() - began) < run.seconds) {
		due = (unsigned)(passed * run.rate);
		for (; run.begun + skipped < due; ) {
			if (run.open < run.most)
				begin();
			else
				skipped++;
		}
		serve(2);
	}
	run.no_room = skipped;
	while (run.open && now() - began < run.seconds + DRAIN_S)
		serve(100);
	report(now() - began);
	return 0;
}
