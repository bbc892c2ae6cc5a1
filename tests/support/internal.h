/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the kit share. */
#ifndef PULSAR_TEST_INTERNAL_H
#define PULSAR_TEST_INTERNAL_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "pulsar-test.h"

#define KIT_NOBODY 65534

struct kit {
	char folder[64]; /* 0755, made by mkdtemp */
	char open[80];	 /* folder/open, 1777 */
	char config[80];
	char log[80];
	char socket[80];
	char mount[80];	  /* folder/mount: see kit_mount() */
	char cgroup[128]; /* where loaderd is started, or "" */
	char pins[64];
	char subscription[32]; /* of a shared loaderd; else "" */
	bool configured;       /* a shared loaderd has another configuration than its first one */
	char modules[256];     /* names, separated by commas */
	char modules_dir[256]; /* where their objects are */
	pid_t pid;	       /* loaderd, 0: not running */
	int status;	       /* of one that ended instead of being ready */
	int notify;	       /* our end of NOTIFY_SOCKET */
	int janitor;	       /* write end: its closing sets the janitor to work */
	pid_t janitor_pid;
	struct kit_reader *readers; /* all that have not been freed */
};

/* process.c */
struct spawn {
	const char *path;
	const char *const *argv;
	const char *const *env; /* "NAME=value" added to ours, NULL-terminated, or NULL */
	int out, err;		/* descriptors, or -1: ours */
	const char *cgroup;	/* folder of one to be in from the first moment, or NULL */
	bool nobody;		/* uid and gid 65534, no groups, no capability, no new privileges */
};
/* Starts a process that dies with its parent. Fails the test if it cannot. */
pid_t process_spawn(const struct spawn *spawn);
/* Waits for its end (60 s): the wait status. */
int process_wait(pid_t pid);
/* What wait_until() does, for those that have more to say: false after the limit. */
bool waited_for(bool (*condition)(void *arg), void *arg);
/* Whole content of a file or memfd (malloc'ed, NUL-terminated). */
char *file_text(int fd);
/* Nanoseconds of CLOCK_REALTIME. */
long long now_ns(void);

/* kit.c */
struct kit *kit_make(const char *modules, const char *config, const char *shared);

/* shared.c */
void shared_release(struct kit *kit);
void shared_write_base(struct kit *kit, FILE *to);
void shared_reload(struct kit *kit);

/* cgroup.c */
void cgroup_remove(const struct kit *kit);

/* janitor.c */
void janitor_start(struct kit *kit);
void janitor_dismiss(struct kit *kit);
/* Removes a folder of pins or files, below /sys/fs/bpf/pulsar-test- or the kit's folder only. */
void tree_remove(const char *path);

#endif
