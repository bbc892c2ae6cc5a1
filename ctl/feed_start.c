// SPDX-License-Identifier: Apache-2.0
/* Starting a reader: as nobody, if we are root. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "feed.h"

#define NOBODY 65534

struct feed_user {
	bool change;
	uid_t uid;
	gid_t gid;   /* of the user */
	gid_t group; /* that may read the module */
};

/* Everything of it is looked up before the fork. */
static int feed_user(struct feed_user *user, const struct feed *feed,
		     const struct feed_reader *reader)
{
	const struct passwd *nobody = getpwnam("nobody");
	char path[PIN_PATH_MAX + PULSAR_MODULE_LEN + 1];
	struct stat st;

	user->change = !geteuid();
	user->uid = nobody ? nobody->pw_uid : NOBODY;
	user->gid = nobody ? nobody->pw_gid : NOBODY;
	snprintf(path, sizeof(path), "%s/%s", reader->pin_root, feed->module);
	if (user->change && lstat(path, &st))
		return ctl_fail("%s: %m", path);
	user->group = user->change ? st.st_gid : 0;
	return 0;
}

static void feed_become(const struct feed_user *user)
{
	if (!user->change)
		return;
	if (setgroups(1, &user->group) || setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		_exit(126);
}

static void feed_child(const struct feed *feed, const struct ctl *ctl,
		       const struct feed_reader *reader, const struct feed_user *user, int out,
		       pid_t parent)
{
	const char *const argv[] = {
		"pulsar-reader",
		"--pin-root",
		reader->pin_root,
		"--socket",
		ctl->socket,
		"--format",
		ctl->json ? "json" : "text",
		"--colour",
		ctl->colour ? "always" : "never",
		"--subscription",
		reader->subscription,
		feed->module,
		NULL,
	};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(out, STDOUT_FILENO) < 0)
		_exit(126);
	feed_become(user);
	/* After the change of user, which resets it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != parent)
		_exit(126);
	/* By its descriptor: nobody need not be able to reach the file. */
	fexecve(reader->exe, (char *const *)argv, environ);
	fprintf(stderr, "pulsarctl: pulsar-reader: %m\n");
	_exit(127);
}

int feed_start(struct feed *feed, const struct ctl *ctl, const struct feed_reader *reader)
{
	const pid_t parent = getpid();
	struct feed_user user;
	int ends[2];
	int status;

	feed->fd = -1;
	status = feed_user(&user, feed, reader);
	if (status)
		return status;
	if (pipe2(ends, O_CLOEXEC))
		return ctl_fail("pipe: %m");
	feed->pid = fork();
	if (!feed->pid)
		feed_child(feed, ctl, reader, &user, ends[1], parent);
	close(ends[1]);
	if (feed->pid < 0) {
		feed->pid = 0;
		close(ends[0]);
		return ctl_fail("fork: %m");
	}
	feed->fd = ends[0];
	return 0;
}
