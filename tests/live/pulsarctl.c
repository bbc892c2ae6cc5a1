// SPDX-License-Identifier: Apache-2.0
/* Running pulsarctl, and looking at what it printed. */
#include "pulsarctl.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PULSARCTL PULSAR_TEST_BUILD "/pulsarctl"
#define NOBODY	  65534
#define WORDS_MAX 24

static char *memory_text(int fd)
{
	struct stat st;
	char *text;
	ssize_t n;

	cr_assert(!fstat(fd, &st));
	text = malloc((size_t)st.st_size + 1);
	cr_assert(text);
	n = pread(fd, text, (size_t)st.st_size, 0);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void child(const struct pulsarctl *ctl, enum kit_user user, int exe, const char *const *argv)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(ctl->out_fd, STDOUT_FILENO);
	dup2(ctl->err_fd, STDERR_FILENO);
	if (user == KIT_NOBODY_USER && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
					setresuid(NOBODY, NOBODY, NOBODY)))
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	fexecve(exe, (char *const *)argv, environ);
	_exit(127);
}

struct pulsarctl pulsarctl_start(struct kit *kit, enum kit_user user, const char *const *words)
{
	const char *argv[WORDS_MAX + 6] = { "pulsarctl" };
	struct pulsarctl ctl = { 0 };
	size_t n = 1;
	int exe;

	if (kit) {
		argv[n++] = "--socket";
		argv[n++] = kit_socket(kit);
		argv[n++] = "--pin-root";
		argv[n++] = kit_pin_root(kit);
	}
	for (size_t i = 0; words[i] && i < WORDS_MAX; i++)
		argv[n++] = words[i];
	exe = open(PULSARCTL, O_RDONLY | O_CLOEXEC);
	ctl.out_fd = memfd_create("ctl-out", MFD_CLOEXEC);
	ctl.err_fd = memfd_create("ctl-err", MFD_CLOEXEC);
	cr_assert(exe >= 0 && ctl.out_fd >= 0 && ctl.err_fd >= 0, "%s", strerror(errno));
	ctl.pid = fork();
	cr_assert(ctl.pid >= 0);
	if (!ctl.pid)
		child(&ctl, user, exe, argv);
	close(exe);
	return ctl;
}

static bool has_ended(void *arg)
{
	struct pulsarctl *ctl = arg;

	return waitpid(ctl->pid, &ctl->status, WNOHANG) == ctl->pid;
}

void pulsarctl_wait(struct pulsarctl *ctl)
{
	wait_until(has_ended, ctl, "pulsarctl to end");
	ctl->pid = 0;
	ctl->out = memory_text(ctl->out_fd);
	ctl->err = memory_text(ctl->err_fd);
}

void pulsarctl_stop(struct pulsarctl *ctl, int signal)
{
	kill(ctl->pid, signal);
	pulsarctl_wait(ctl);
}

struct pulsarctl pulsarctl_run(struct kit *kit, enum kit_user user, const char *const *words)
{
	struct pulsarctl ctl = pulsarctl_start(kit, user, words);

	pulsarctl_wait(&ctl);
	return ctl;
}

void pulsarctl_release(struct pulsarctl *ctl)
{
	if (ctl->pid)
		pulsarctl_stop(ctl, SIGKILL);
	close(ctl->out_fd);
	close(ctl->err_fd);
	free(ctl->out);
	free(ctl->err);
}

char *pulsarctl_text(struct kit *kit, const char *const *words)
{
	struct pulsarctl ctl = pulsarctl_run(kit, KIT_ROOT, words);
	char *out = ctl.out;

	cr_assert(WIFEXITED(ctl.status) && !WEXITSTATUS(ctl.status), "%s: status %#x: %s%s",
		  words[0], ctl.status, ctl.out, ctl.err);
	ctl.out = NULL;
	pulsarctl_release(&ctl);
	return out;
}

json_t *pulsarctl_json(struct kit *kit, const char *const *words)
{
	const char *all[WORDS_MAX] = { "--json" };
	json_error_t error;
	json_t *json;
	char *text;

	for (size_t i = 0; words[i]; i++)
		all[i + 1] = words[i];
	text = pulsarctl_text(kit, all);
	expect_plain(text);
	json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	cr_assert(json, "%s: %s: %s", words[0], error.text, text);
	free(text);
	return json;
}

void pulsarctl_fails(struct kit *kit, const char *const *words, const char *says)
{
	struct pulsarctl ctl = pulsarctl_run(kit, KIT_ROOT, words);

	cr_expect(WIFEXITED(ctl.status) && WEXITSTATUS(ctl.status) == 1, "%s: status %#x", words[0],
		  ctl.status);
	cr_expect(strstr(ctl.err, says), "expected %s, found %s", says, ctl.err);
	expect_plain(ctl.err);
	pulsarctl_release(&ctl);
}

json_t *json_find(json_t *array, const char *key, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item) {
		const char *found = json_string_value(json_object_get(item, key));

		if (found && !strcmp(found, text))
			return item;
	}
	cr_assert(false, "no %s %s in %s", key, text, json_dumps(array, 0));
	return NULL;
}

json_t *status_of(struct kit *kit, const char *module)
{
	json_t *status = pulsarctl_json(kit, WORDS("status", module));
	json_t *m = json_incref(json_find(json_object_get(status, "modules"), "module", module));

	json_decref(status);
	return m;
}

struct wanted_text {
	const struct pulsarctl *ctl;
	const char *text;
};

static bool has_text(void *arg)
{
	const struct wanted_text *want = arg;
	char *out = memory_text(want->ctl->out_fd), *err = memory_text(want->ctl->err_fd);
	bool has = strstr(out, want->text) || strstr(err, want->text);

	free(out);
	free(err);
	return has;
}

void pulsarctl_wait_for(struct pulsarctl *ctl, const char *text)
{
	struct wanted_text want = { ctl, text };

	wait_until(has_text, &want, text);
}

void expect_plain(const char *text)
{
	for (const char *c = text; *c; c++)
		cr_assert(*c == '\n' || (*c >= ' ' && *c <= '~'), "byte %#x in: %s",
			  (unsigned char)*c, text);
}
