/* SPDX-License-Identifier: Apache-2.0 */
/* A storm of file creations by several processes, and which of them were reported. */
#ifndef TESTS_STORM_H
#define TESTS_STORM_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define STORM_PROCESSES_MAX 8

struct storm {
	const char *folder;
	unsigned int processes;
	unsigned int files; /* in all */
	pid_t pid[STORM_PROCESSES_MAX];
};

/* Each process creates and removes its share of the files <folder>/storm-<number>. */
void storm_start(struct storm *storm);
void storm_wait(struct storm *storm);

/* What the readers of one subscription printed, put together. */
struct tally {
	unsigned int files;
	unsigned char *seen;   /* by number of the file: how often, up to 255 */
	unsigned int missing;  /* files never reported */
	unsigned int repeated; /* lines whose (cpu, seq) was there before */
	unsigned int cpus;
	unsigned long long *delivered; /* by CPU: distinct seqs */
	unsigned long long *lost;      /* by CPU: sum of the Lost lines, repeated ones once */
	unsigned long long *discarded; /* by CPU: those of them that went with their ring */
	json_t *lines;		       /* keys of the lines that were counted */
};

void tally_init(struct tally *tally, const struct storm *storm);
void tally_add(struct tally *tally, json_t *events);
/* Fills `missing`. */
void tally_close(struct tally *tally);
void tally_release(struct tally *tally);

#endif
