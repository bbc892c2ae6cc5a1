/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of processes: alpha, a copy of a shell, runs beta, another one, which runs
 * leaf, a program. Which of the three does process-monitor report?
 */
#ifndef LIVE_TREE_H
#define LIVE_TREE_H

#include <jansson.h>
#include <stddef.h>
#include <sys/types.h>

#include "pulsar-test.h"

#define TREE_MODULE "process-monitor"

enum { ALPHA = 1, BETA = 2, TREE_LEAF = 4, ALL = 7 };

/* For TestSuite(.init): the programs, in the folder of acts.h. Its .fini is folder_remove(). */
void tree_make(void);

/* Runs it to its end; `arg`: NULL, or the uid_t to run it as. */
void tree_run(void *arg);

/* alpha runs beta, which runs a leaf for each line that it is told. */
struct tree {
	pid_t alpha, beta;
	int in, out;
};

struct tree tree_start(void);
/* Returns when the leaf has run. */
void tree_poke(struct tree *t);
void tree_stop(struct tree *t);

/* Of the three programs, those with such an event. */
unsigned int reported(json_t *events, const char *what);
/* Events of `total`, which is used up, that came after the first `before` ones. */
json_t *events_after(json_t *total, size_t before);
/* A Pulsar with a reader that is attached. Without a configuration it is shared where there is one. */
struct watch {
	struct kit *kit;
	struct kit_reader *reader;
};

struct watch watch_start(const char *config);
void watch_end(struct watch *w);
/* Other rules: a configuration that is reloaded. */
void watch_configure(struct watch *w, const char *config);
/* What the reader has printed of all that happened up to now; how much that is. */
json_t *read_all(struct watch *w);
size_t count_all(struct watch *w);

#endif
