// SPDX-License-Identifier: Apache-2.0
/*
 * Subscriptions come and go while their module is pinned: each is one pin, made
 * with its final owner and mode, so it needs no stage.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "internal.h"

int pin_subscription_add(struct pin_root *root, const char *module, const char *name, int fd,
			 struct pin_error *error)
{
	const struct pin_rule *rule;
	struct pin_path path;
	gid_t gid;
	int err;

	err = pin_must_own(root, error);
	if (err)
		return err;
	if (!pin_name_valid(name))
		return pin_fail(error, EINVAL, "'%.64s': not the name of a subscription", name);
	err = pin_check_name(root, module, "subscriptions", &path, &rule, &gid, error);
	if (err)
		return err;
	err = pin_path_add(&path, name, strlen(name), error);
	if (err)
		return err;
	return pin_object_pin(root, &path, fd, PIN_MAP, PIN_MODE_PRIVATE, gid, error);
}

int pin_subscription_remove(struct pin_root *root, const char *module, const char *name,
			    struct pin_error *error)
{
	const struct pin_rule *rule;
	char pin[PIN_PATH_MAX];
	struct pin_path path;
	gid_t gid;
	int err, fd;

	err = pin_must_own(root, error);
	if (err)
		return err;
	if (!pin_name_valid(name))
		return pin_fail(error, EINVAL, "'%.64s': not the name of a subscription", name);
	err = pin_path_below(pin, "subscriptions", name, error);
	if (err)
		return err;
	err = pin_check_name(root, module, pin, &path, &rule, &gid, error);
	if (err)
		return err;
	fd = pin_object_open(path.text, PIN_MAP, true, error);
	if (fd < 0)
		return fd;
	close(fd);
	if (unlinkat(root->fd, pin_path_relative(&path), 0))
		return pin_fail(error, errno, "%s: cannot unpin: %s", path.text, strerror(errno));
	return 0;
}
