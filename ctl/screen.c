// SPDX-License-Identifier: Apache-2.0
/* The terminal: plain ANSI sequences (ECMA-48, and xterm's alternate screen). */
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define SCREEN_ENTER "\033[?1049h\033[?25l" /* alternate screen, no cursor */
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define SCREEN_HOME  "\033[H"
#define SCREEN_LINE  "\033[K\n" /* clears the rest of the line */
#define SCREEN_REST  "\033[J"	/* clears what is below */

static void screen_signals(sigset_t *set)
{
	static const int signals[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH
	};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaddset(set, signals[i]);
}

static void screen_put(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, text, len);

		/* A terminal that is gone is told by its signal. */
		if (n < 0 && errno != EINTR)
			return;
		text += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

/* Keys come one by one and are not shown; Ctrl-C and Ctrl-Z stay signals. */
static int screen_enter(const struct screen *screen)
{
	struct termios keys = screen->before;

	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	keys.c_cc[VMIN] = 1;
	keys.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &keys))
		return -errno;
	screen_put(SCREEN_ENTER, strlen(SCREEN_ENTER));
	return 0;
}

static void screen_leave(const struct screen *screen)
{
	screen_put(SCREEN_LEAVE, strlen(SCREEN_LEAVE));
	tcsetattr(STDIN_FILENO, TCSADRAIN, &screen->before);
}

int screen_open(struct screen *screen)
{
	sigset_t set;
	int err;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &screen->before))
		return -ENOTTY;
	screen_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	screen->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (screen->signals < 0)
		return -errno;
	err = screen_enter(screen);
	if (err)
		close(screen->signals);
	return err;
}

void screen_close(struct screen *screen)
{
	sigset_t set;

	screen_leave(screen);
	close(screen->signals);
	screen_signals(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void screen_size(unsigned int *columns, unsigned int *rows)
{
	struct winsize size;
	int err = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);

	*columns = err || !size.ws_col ? 80 : size.ws_col;
	*rows = err || !size.ws_row ? 24 : size.ws_row;
}

/* Writes a line up to so many columns; colours take none. Returns the length that was read. */
static size_t screen_line(FILE *out, const char *line, unsigned int columns)
{
	const char *c = line;

	for (; *c && *c != '\n'; c++) {
		if (*c == '\033') {
			size_t len = strcspn(c, "m");

			fwrite(c, 1, len, out);
			c += len;
			if (!*c)
				break;
		} else if (!columns) {
			continue;
		} else {
			columns--;
		}
		fputc(*c, out);
	}
	return (size_t)(c - line);
}

void screen_draw(const char *text)
{
	unsigned int columns, rows;
	char *frame = NULL;
	size_t size;
	FILE *out = open_memstream(&frame, &size);

	if (!out)
		return;
	screen_size(&columns, &rows);
	fputs(SCREEN_HOME, out);
	/* Last row and column stay empty: a line end there would scroll, clearing take a character. */
	for (; *text && rows > 1; rows--) {
		size_t len = screen_line(out, text, columns - 1);

		fputs(SCREEN_LINE, out);
		text += len + (text[len] == '\n');
	}
	fputs(SCREEN_REST, out);
	if (!fclose(out))
		screen_put(frame, size);
	free(frame);
}

/* Stopped from the keyboard: the shell gets its terminal as it was, and we get ours anew. */
static void screen_stop(const struct screen *screen)
{
	screen_leave(screen);
	raise(SIGSTOP);
	screen_enter(screen);
}

/* 0: nothing that matters. */
static int screen_signal(const struct screen *screen)
{
	struct signalfd_siginfo info;
	int event = 0;

	while (read(screen->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTSTP)
			screen_stop(screen);
		if (info.ssi_signo == SIGTSTP || info.ssi_signo == SIGWINCH)
			event = event ? event : SCREEN_REDRAW;
		else if (info.ssi_signo != SIGCONT)
			event = SCREEN_END;
	}
	return event;
}

int screen_wait(struct screen *screen, unsigned int ms)
{
	struct pollfd fds[] = {
		{ .fd = screen->signals, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	unsigned char key;
	int event = 0;

	if (poll(fds, 2, (int)ms) <= 0)
		return SCREEN_TIME;
	if (fds[0].revents)
		event = screen_signal(screen);
	if (event || !fds[1].revents)
		return event ? event : SCREEN_REDRAW;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : SCREEN_END;
}
