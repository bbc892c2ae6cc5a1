/* SPDX-License-Identifier: Apache-2.0 */
/* A tree of processes, and what was reported of it. */
#include "tree.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"

void tree_make(void)
{
	folder_make();
	copy_program(ACT_SHELL, "alpha");
	copy_program(ACT_SHELL, "beta");
	copy_program(ACT_NOTHING, "leaf");
}

static bool image_is(json_t *event, const char *name)
{
	const char *image = json_string_value(json_object_get(header_of(event), "image"));

	return image && !strcmp(image, in_folder(name));
}

unsigned int reported(json_t *events, const char *what)
{
	unsigned int found = 0;
	json_t *event;
	size_t i;

	json_array_foreach(events, i, event) {
		if (!event_is(event, what))
			continue;
		found |= image_is(event, "alpha") ? ALPHA : 0;
		found |= image_is(event, "beta") ? BETA : 0;
		found |= image_is(event, "leaf") ? TREE_LEAF : 0;
	}
	return found;
}

/* ":" keeps a shell from becoming its last command. */
void tree_run(void *arg)
{
	const uid_t *uid = arg;
	char command[512];
	int status;
	pid_t pid = fork();

	if (!pid) {
		snprintf(command, sizeof(command), "%s -c '%s; :'; :", in_folder("beta"),
			 in_folder("leaf"));
		if (uid && (setgroups(0, NULL) || setuid(*uid)))
			_exit(1);
		execl(in_folder("alpha"), "alpha", "-c", command, NULL);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	cr_assert_eq(status, 0);
}

json_t *events_after(json_t *total, size_t before)
{
	json_t *after = json_array();

	for (size_t i = before; i < json_array_size(total); i++)
		json_array_append(after, json_array_get(total, i));
	json_decref(total);
	return after;
}

struct watch watch_start(const char *config)
{
	struct watch w = { .kit = kit_started_shared(TREE_MODULE, config) };

	w.reader = kit_read_attached(w.kit, TREE_MODULE, NULL);
	return w;
}

void watch_end(struct watch *w)
{
	kit_reader_free(w->reader);
	kit_free(w->kit);
}

void watch_configure(struct watch *w, const char *config)
{
	kit_set_config(w->kit, config);
	kit_reload(w->kit);
}

json_t *read_all(struct watch *w)
{
	kit_caught_up(w->kit, TREE_MODULE, kit_subscription(w->kit));
	return kit_reader_events(w->reader);
}

size_t count_all(struct watch *w)
{
	json_t *events = read_all(w);
	size_t count = json_array_size(events);

	json_decref(events);
	return count;
}

void tree_poke(struct tree *t)
{
	char c;

	cr_assert_eq(write(t->in, "\n", 1), 1);
	do {
		cr_assert_eq(read(t->out, &c, 1), 1);
	} while (c != '\n');
}

struct tree tree_start(void)
{
	char command[512], line[32] = "";
	struct tree t;
	int in[2], out[2];
	size_t n = 0;

	cr_assert(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC));
	t.alpha = fork();
	if (!t.alpha) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		snprintf(command, sizeof(command),
			 "%s -c 'echo $$; while read x; do %s; echo; done; :'; :",
			 in_folder("beta"), in_folder("leaf"));
		execl(in_folder("alpha"), "alpha", "-c", command, NULL);
		_exit(99);
	}
	close(in[0]);
	close(out[1]);
	t.in = in[1];
	t.out = out[0];
	do {
		cr_assert_eq(read(t.out, line + n, 1), 1);
	} while (line[n++] != '\n');
	t.beta = atoi(line);
	return t;
}

void tree_stop(struct tree *t)
{
	close(t->in);
	waitpid(t->alpha, NULL, 0);
	close(t->out);
}
