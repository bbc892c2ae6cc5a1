// SPDX-License-Identifier: Apache-2.0
/* The configuration file. Never changed in place: a reader finds the old one or the new one. */
#include "conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pulsar/config.h>

#include "answer.h"
#include "client.h"

#define CONF_FILE_MAX (1u << 20) /* bytes, as loaderd's */

/* Of what was given or found. */
static int conf_file_path(struct conf_file *file, const char *path)
{
	char *real = realpath(path, NULL);
	int n;

	/* A file that is not there yet has the path that was given. */
	if (!real && errno != ENOENT)
		return ctl_fail("%s: %m", path);
	n = snprintf(file->path, sizeof(file->path), "%s", real ? real : path);
	free(real);
	return n < (int)sizeof(file->path) ? 0 : ctl_fail("%s: too long", path);
}

/* What loaderd was started with may be relative to where that was. */
static int conf_file_find(struct conf_file *file, const struct ctl *ctl)
{
	struct client_error error;
	char path[PATH_MAX];
	json_t *answer;
	const char *name;

	if (ctl->config)
		return conf_file_path(file, ctl->config);
	answer = client_modules(ctl, "status", &error);
	name = answer_text(answer, "config");
	if (*name == '/' || !*name)
		snprintf(path, sizeof(path), "%s", *name ? name : PULSAR_CONFIG);
	else
		snprintf(path, sizeof(path), "/proc/%llu/cwd/%s", answer_number(answer, "pid"),
			 name);
	json_decref(answer);
	return conf_file_path(file, path);
}

static int conf_file_lock(struct conf_file *file)
{
	char directory[PATH_MAX];

	strcpy(directory, file->path);
	/* The directory, because the file itself is replaced. */
	file->lock = open(dirname(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (file->lock < 0 || flock(file->lock, LOCK_EX))
		return ctl_fail("%s: %m", file->path);
	return 0;
}

static int conf_file_read(struct conf_file *file, int fd)
{
	struct stat st;
	size_t used = 0;
	ssize_t n;

	if (fstat(fd, &st))
		return ctl_fail("%s: %m", file->path);
	if (!S_ISREG(st.st_mode) || st.st_size > CONF_FILE_MAX)
		return ctl_fail("%s: %s", file->path,
				S_ISREG(st.st_mode) ? "too long" : "not a regular file");
	file->there = true;
	file->mode = st.st_mode & 07777;
	file->uid = st.st_uid;
	file->gid = st.st_gid;
	file->text = calloc(1, (size_t)st.st_size + 1);
	if (!file->text)
		return ctl_fail("%s: %m", file->path);
	do {
		n = read(fd, file->text + used, (size_t)st.st_size - used);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	if (n < 0)
		return ctl_fail("%s: %m", file->path);
	if (strlen(file->text) != used)
		return ctl_fail("%s: has a NUL byte in it", file->path);
	return 0;
}

int conf_file_open(struct conf_file *file, const struct ctl *ctl, bool change)
{
	int err, fd;

	*file = (struct conf_file){ .lock = -1, .mode = 0644, .uid = geteuid(), .gid = getegid() };
	err = conf_file_find(file, ctl);
	if (!err && change)
		err = conf_file_lock(file);
	if (err)
		return err;
	fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		if (errno != ENOENT)
			return ctl_fail("%s: %m", file->path);
		file->text = strdup("");
		return file->text ? 0 : ctl_fail("%m");
	}
	err = conf_file_read(file, fd);
	close(fd);
	return err;
}

static int write_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);

		if (n < 0)
			return -1;
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

int conf_file_write(const struct conf_file *file, const char *text, char *path)
{
	int fd, status = 0;

	if (snprintf(path, PATH_MAX, "%s.XXXXXX", file->path) >= PATH_MAX)
		return ctl_fail("%s: too long", file->path);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return ctl_fail("%s: %m", path);
	/* The mode last: fchown(2) may take bits away. */
	if (write_all(fd, text) || fchown(fd, file->uid, file->gid) || fchmod(fd, file->mode) ||
	    fsync(fd))
		status = ctl_fail("%s: %m", path);
	close(fd);
	if (status)
		unlink(path);
	return status;
}

int conf_file_replace(const struct conf_file *file, const char *path)
{
	int status;

	if (rename(path, file->path)) {
		status = ctl_fail("%s: %m", file->path);
		unlink(path);
		return status;
	}
	if (file->lock >= 0)
		fsync(file->lock);
	return 0;
}

void conf_file_close(struct conf_file *file)
{
	if (file->lock >= 0)
		close(file->lock);
	free(file->text);
	file->text = NULL;
	file->lock = -1;
}
