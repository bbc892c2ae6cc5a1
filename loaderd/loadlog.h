/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libbpf says while it opens and loads an object: kept, to find out which
 * program failed and why. libbpf's functions return no more than an errno.
 */
#ifndef LOADERD_LOADLOG_H
#define LOADERD_LOADLOG_H

#include <stdbool.h>

#define LOADLOG_PROGRAM_LEN 64
#define LOADLOG_REASON_LEN  200

struct loadlog {
	char program[LOADLOG_PROGRAM_LEN]; /* the first that was complained about; "": none */
	char reason[LOADLOG_REASON_LEN];   /* in words; "": nothing was said */
	bool verifier;			   /* the reason is from the verifier's log */
};

/**
 * loadlog_begin() - from now on libbpf's warnings go to @log, those of this thread.
 * @log: cleared; must live until loadlog_end().
 *
 * Their first lines also go to log_debug().
 */
void loadlog_begin(struct loadlog *log);

/** loadlog_end() - from now on libbpf's warnings go to log_debug() only. */
void loadlog_end(void);

/**
 * loadlog_take() - one message of libbpf's, at level "warning". For tests; libbpf's callback uses it.
 */
void loadlog_take(struct loadlog *log, const char *message);

#endif
