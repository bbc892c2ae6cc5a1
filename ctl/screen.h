/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A full screen on a terminal, given back as it was, whatever ends us (but SIGKILL):
 * signals come as events, not as handlers.
 */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <stddef.h>
#include <termios.h>

struct screen {
	struct termios before;
	int signals; /* signalfd */
};

/* What screen_wait() saw; a key that was pressed is its byte. */
enum screen_event {
	SCREEN_TIME = 256, /* the time is over */
	SCREEN_REDRAW,	   /* another size, or back from being stopped */
	SCREEN_END,	   /* a signal that ends us, or the terminal is gone */
};

/**
 * screen_open() - takes over the terminal of stdin and stdout.
 *
 * Return: 0, -ENOTTY one of them is none, or another negative errno.
 */
int screen_open(struct screen *screen);

/** screen_draw() - shows as much of a text as fits: printable ASCII, colours, and line ends. */
void screen_draw(const char *text);

/** screen_wait() - waits for a key, a signal, or the time to be over: a byte or an enum screen_event. */
int screen_wait(struct screen *screen, unsigned int ms);

/** screen_close() - gives the terminal back. */
void screen_close(struct screen *screen);

#endif
