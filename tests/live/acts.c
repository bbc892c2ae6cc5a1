/* SPDX-License-Identifier: Apache-2.0 */
/* Folders, children, events. */
#include "acts.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

const char *folder_path(void)
{
	return folder;
}

const char *in_folder(const char *name)
{
	static char path[4][128];
	static unsigned int next;
	char *p = path[next++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	return p;
}

void folder_make(void)
{
	strcpy(folder, "/tmp/pulsar-acts-XXXXXX");
	cr_assert(mkdtemp(folder), "%s", strerror(errno));
	chmod(folder, 0755);
}

void folder_remove(void)
{
	struct dirent *entry;
	DIR *dir = opendir(folder);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(folder);
}

void write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s: %s", path,
		  strerror(errno));
	close(fd);
}

void copy_program(const char *from, const char *name)
{
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	char buffer[65536];
	ssize_t n;

	cr_assert(in >= 0 && out >= 0, "%s: %s", name, strerror(errno));
	while ((n = read(in, buffer, sizeof(buffer))) > 0)
		cr_assert_eq(write(out, buffer, (size_t)n), n);
	close(in);
	close(out);
}

bool mount_of(const char *type, const char *option, char *path, size_t size)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char line[512], where[200], found_type[64], options[200];
	bool found = false;

	while (mounts && !found && fgets(line, sizeof(line), mounts))
		found = sscanf(line, "%*s %199s %63s %199s", where, found_type, options) == 3 &&
			!strcmp(found_type, type) && (!option || strstr(options, option));
	if (mounts)
		fclose(mounts);
	if (found)
		snprintf(path, size, "%s", where);
	return found;
}

void act(void *arg)
{
	struct act *a = arg;

	a->pid = fork();
	if (!a->pid) {
		a->body();
		_exit(99);
	}
	cr_assert_eq(waitpid(a->pid, &a->status, 0), a->pid);
}

void become(const char *path)
{
	execl(path, path, NULL);
}

pid_t run_program(const char *path)
{
	pid_t pid = fork();

	if (!pid) {
		become(path);
		_exit(99);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

json_t *payload_of(json_t *event)
{
	return json_object_get(event, "payload");
}

json_t *header_of(json_t *event)
{
	return json_object_get(event, "header");
}

bool event_is(json_t *event, const char *name)
{
	return !strcmp(json_string_value(json_object_get(header_of(event), "event")), name);
}

long long number_of(json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}
