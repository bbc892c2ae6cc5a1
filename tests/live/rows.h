/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests as rows: what a process does, and the lines that come of it, all of them,
 * in their order, and no others. Each row acts in a process of its own, so that
 * its lines can be told from those of the rest of the machine.
 */
#ifndef TESTS_LIVE_ROWS_H
#define TESTS_LIVE_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#define ROW_LINES_MAX 12

/* What act() returns if it cannot be done here; anything but 0 and this fails the row. */
#define ROW_SKIP 77

struct row {
	const char *what;
	/* In the test's own process, before; what it does is not looked at. NULL: nothing. */
	void (*prepare)(void);
	/*
	 * In a process of its own. Both are called in an empty folder of the row, which is "%D" in
	 * lines.
	 */
	int (*act)(void);
	/*
	 * "Event {payload}", up to NULL. In a payload, besides %D: %DEEP is rows_deep(), %LONG is
	 * rows_long(), %END are the last 4095 bytes of %D/rows_longer()/new, %HEX is %D in
	 * hexadecimal. A string that ends in '*' stands for all that begin so.
	 */
	const char *lines[ROW_LINES_MAX];
	/* Set: on the variant tp the lines are these instead. */
	bool tp_differs;
	const char *tp_lines[ROW_LINES_MAX];
};

#define ROW(text, before, does, ...)                                            \
	{                                                                       \
		.what = (text), .prepare = (before), .act = (does), __VA_ARGS__ \
	}
#define LINES(...)    .lines = { __VA_ARGS__ }
#define TP_LINES(...) .tp_differs = true, .tp_lines = { __VA_ARGS__ }

/* For act(): not 0 if the call failed, or did not. */
#define MUST(call)     ((call) < 0)
#define MUST_NOT(call) ((call) >= 0)

/*
 * Runs all rows with one Pulsar and compares. `hook`: the hook whose variant decides which lines
 * are expected.
 */
void rows_run(const char *module, const char *hook, const struct row *rows, size_t count);

/*
 * Relative paths: 60 components; one of which %D/path/new has 4,000 bytes; one longer than any path
 * may be.
 */
const char *rows_deep(void);
const char *rows_long(void);
const char *rows_longer(void);
/* Makes all directories of a relative path, one by one; the caller stays where it was. */
void rows_make_dirs(const char *path);
/* Goes into it, one by one. */
void rows_enter(const char *path);

#endif
