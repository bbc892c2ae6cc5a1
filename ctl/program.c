// SPDX-License-Identifier: Apache-2.0
/* Finding and running programs. */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int program_beside(const char *name, char path[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
	char *slash;

	if (len < 0)
		return -errno;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash + 1 - path) + strlen(name) >= PATH_MAX)
		return -ENOENT;
	strcpy(slash + 1, name);
	return access(path, X_OK) ? -errno : 0;
}

int program_find(const char *name, char path[PATH_MAX])
{
	/* Not those of $PATH: as root, what it names need not be root's. */
	static const char *const directories[] = { "/usr/sbin", "/usr/bin", "/usr/local/sbin",
						   "/usr/local/bin" };

	if (!program_beside(name, path))
		return 0;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
		if (snprintf(path, PATH_MAX, "%s/%s", directories[i], name) < PATH_MAX &&
		    !access(path, X_OK))
			return 0;
	return -ENOENT;
}

static int program_spawn(const char *const *argv, int err_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int err;

	err = posix_spawn_file_actions_init(&actions);
	if (err)
		return -err;
	err = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
	if (!err)
		err = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* All of it, so that the program does not wait; what does not fit is dropped. */
static void program_read(int fd, char *text, size_t size)
{
	char rest[4096];
	size_t used = 0;
	ssize_t n;

	do {
		size_t room = size - 1 - used;

		n = read(fd, room ? text + used : rest, room ? room : sizeof(rest));
		if (n > 0 && room)
			used += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	text[used] = '\0';
}

int program_run(const char *const *argv, char *text, size_t size)
{
	int ends[2], err, status;
	pid_t pid = -1;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	err = program_spawn(argv, ends[1], &pid);
	close(ends[1]);
	if (!err)
		program_read(ends[0], text, size);
	close(ends[0]);
	if (err)
		return err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
