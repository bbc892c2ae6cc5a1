/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "places.h"

int file_make(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);

	return fd < 0 ? 1 : close(fd);
}

void file_prepare_names(void)
{
	cr_assert(!file_make("a") && !file_make("b") && !mkdir("c", 0755) && !mkdir("d", 0755) &&
		  !file_make("d/e"));
}

void file_prepare_overlay(void)
{
	place_folders();
	cr_assert(!mkdir("lower/dir", 0755) && !file_make("lower/a") &&
		  !truncate("lower/a", 4096) && !file_make("lower/dir/b") && !file_make("lower/c"));
}
