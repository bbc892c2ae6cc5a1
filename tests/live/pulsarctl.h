/* SPDX-License-Identifier: Apache-2.0 */
/* Running pulsarctl against the Pulsar of a test. */
#ifndef TEST_PULSARCTL_H
#define TEST_PULSARCTL_H

#include <jansson.h>
#include <sys/types.h>

#include "pulsar-test.h"

/* A pulsarctl, running or ended; its output is in memory. */
struct pulsarctl {
	pid_t pid;  /* 0: ended */
	int status; /* wait status, when it has ended */
	int out_fd, err_fd;
	char *out, *err; /* what it wrote, when it has ended */
};

/* Words of a command line, for the functions below. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Starts it with --socket and --pin-root of the kit, and these words. NULL kit: with the words alone. */
struct pulsarctl pulsarctl_start(struct kit *kit, enum kit_user user, const char *const *words);
/* Waits for its end, and reads what it wrote. */
void pulsarctl_wait(struct pulsarctl *ctl);
/* Sends a signal first. */
void pulsarctl_stop(struct pulsarctl *ctl, int signal);
/* Both: runs it to its end. */
struct pulsarctl pulsarctl_run(struct kit *kit, enum kit_user user, const char *const *words);
void pulsarctl_release(struct pulsarctl *ctl);

/* Runs it as root and expects it to succeed; its stdout, malloc'ed. */
char *pulsarctl_text(struct kit *kit, const char *const *words);
/* The same with --json in front; parsed, for the caller to decref. */
json_t *pulsarctl_json(struct kit *kit, const char *const *words);
/* Runs it as root and expects exit status 1 and a line on stderr that has this in it. */
void pulsarctl_fails(struct kit *kit, const char *const *words, const char *says);

/* The object of an array whose `key` is this text; borrowed. Fails the test if there is none. */
json_t *json_find(json_t *array, const char *key, const char *text);
/* The module's object in status --json. */
json_t *status_of(struct kit *kit, const char *module);

/* Waits until stdout or stderr of a running one has this text. */
void pulsarctl_wait_for(struct pulsarctl *ctl, const char *text);

/* Fails the test unless each byte is printable ASCII or a line end. */
void expect_plain(const char *text);

#endif
