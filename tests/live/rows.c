/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: acting, and comparing what was printed with what was expected. */
#include "rows.h"

#include <bpf/bpf.h>
#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/types.h>
#include <pulsar/schema.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsar-test.h"

#define PATH_LEN     4096
#define LONG_PATH    4000 /* bytes of %D/%LONG/new */
#define NAME_LEN     250
#define LONGER_PARTS 20

/* ---- long paths ---- */

/* `parts` names of `len` bytes. */
static char *path_of(size_t parts, size_t len)
{
	char *path = malloc(parts * (len + 1)), *p = path;

	cr_assert(path);
	for (size_t i = 0; i < parts; i++) {
		memset(p, 'a' + (int)(i % 26), len);
		p[len] = '/';
		p += len + 1;
	}
	p[-1] = '\0';
	return path;
}

const char *rows_deep(void)
{
	static char *path;

	return path ?: (path = path_of(60, 1));
}

const char *rows_longer(void)
{
	static char *path;

	return path ?: (path = path_of(LONGER_PARTS, NAME_LEN));
}

/* The current folder is %D. */
const char *rows_long(void)
{
	static char path[PATH_LEN];
	char here[PATH_LEN];
	size_t len;

	cr_assert(getcwd(here, sizeof(here)));
	len = LONG_PATH - strlen(here) - strlen("//new");
	snprintf(path, sizeof(path), "%.*s", (int)len, rows_longer());
	/* Not "//". */
	if (path[len - 1] == '/')
		path[len - 1] = 'x';
	return path;
}

/* Calls `each` for the names of a relative path. */
static void names_each(const char *path, void (*each)(const char *name))
{
	char *copy = strdup(path), *rest = copy, *name;

	cr_assert(copy);
	while ((name = strsep(&rest, "/")))
		each(name);
	free(copy);
}

static void make_and_enter(const char *name)
{
	cr_assert(!mkdir(name, 0755) && !chdir(name), "%s", name);
}

static void enter(const char *name)
{
	cr_assert(!chdir(name), "%s", name);
}

void rows_make_dirs(const char *path)
{
	int here = open(".", O_PATH | O_DIRECTORY);

	cr_assert(here >= 0);
	names_each(path, make_and_enter);
	cr_assert(!fchdir(here));
	close(here);
}

void rows_enter(const char *path)
{
	names_each(path, enter);
}

/* Empties a folder, of paths of any length: the kit's own removal goes by paths. */
static void empty(int folder)
{
	DIR *dir = fdopendir(folder);
	struct dirent *entry;
	int fd;

	cr_assert(dir);
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!unlinkat(dirfd(dir), entry->d_name, 0))
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (fd >= 0)
			empty(fd);
		unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
	}
	closedir(dir);
}

/* ---- acting ---- */

struct acted {
	char folder[PATH_LEN];
	pid_t pid;
	bool skipped;
};

static void act(const struct row *row, const char *folder, struct acted *acted)
{
	int status;

	snprintf(acted->folder, sizeof(acted->folder), "%s", folder);
	cr_assert(!mkdir(folder, 0755) && !chdir(folder), "%s", folder);
	if (row->prepare)
		row->prepare();
	cr_assert(!chdir(folder));
	acted->pid = fork();
	cr_assert(acted->pid >= 0);
	if (!acted->pid)
		_exit(row->act());
	cr_assert_eq(waitpid(acted->pid, &status, 0), acted->pid);
	cr_assert(WIFEXITED(status), "%s: killed by signal %d", row->what, WTERMSIG(status));
	acted->skipped = WEXITSTATUS(status) == ROW_SKIP;
	cr_assert(acted->skipped || !WEXITSTATUS(status), "%s: could not be done (%d)", row->what,
		  WEXITSTATUS(status));
	if (acted->skipped)
		printf("  skipped, not possible here: %s\n", row->what);
}

/* ---- what is expected ---- */

/* The last bytes of a path that is too long. */
static const char *end_of_longer(const char *folder)
{
	static char path[4 * PATH_LEN];
	int n = snprintf(path, sizeof(path), "%s/%s/new", folder, rows_longer());

	return path + n - (PATH_LEN - 1);
}

static const char *hex_of(const char *folder)
{
	static char hex[2 * PATH_LEN];

	for (size_t i = 0; folder[i]; i++)
		sprintf(hex + 2 * i, "%02x", (unsigned char)folder[i]);
	return hex;
}

/* What stands for the word at `at`; NULL: it is none of these. */
static const char *replacement(const char *at, const char *folder, size_t *len)
{
	const char *words[] = { "%DEEP", "%LONG", "%END", "%HEX", "%D" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		*len = strlen(words[i]);
		if (strncmp(at, words[i], *len))
			continue;
		switch (i) {
		case 0:
			return rows_deep();
		case 1:
			return rows_long();
		case 2:
			return end_of_longer(folder);
		case 3:
			return hex_of(folder);
		default:
			return folder;
		}
	}
	return NULL;
}

/* The line with all of %D and so on replaced (malloc'ed). */
static char *line_of(const char *line, const char *folder)
{
	size_t size = strlen(line) + 8 * PATH_LEN, used = 0, len;
	char *out = malloc(size);
	const char *with;

	cr_assert(out);
	while (*line) {
		with = *line == '%' ? replacement(line, folder, &len) : NULL;
		if (!with) {
			out[used++] = *line++;
			continue;
		}
		used += (size_t)snprintf(out + used, size - used, "%s", with);
		line += len;
	}
	out[used] = '\0';
	return out;
}

/* Equal; a string that ends in '*' stands for all that begin so. */
static bool value_is(const json_t *expected, const json_t *found)
{
	const char *text = json_string_value(expected);
	size_t len = text ? strlen(text) : 0;

	if (!len || text[len - 1] != '*')
		return json_equal(expected, found);
	return json_is_string(found) && !strncmp(text, json_string_value(found), len - 1);
}

static bool payload_is(json_t *expected, json_t *found)
{
	json_t *value;
	const char *key;

	if (json_object_size(expected) != json_object_size(found))
		return false;
	json_object_foreach(expected, key, value)
		if (!value_is(value, json_object_get(found, key)))
			return false;
	return true;
}

static bool line_is(const char *line, const json_t *event)
{
	const json_t *header = json_object_get(event, "header");
	const char *name = json_string_value(json_object_get(header, "event"));
	const char *payload = strchr(line, ' ');
	size_t len = (size_t)(payload - line);
	json_t *expected = json_loads(payload, 0, NULL);
	bool same;

	cr_assert(expected, "not JSON: %s", payload);
	same = name && strlen(name) == len && !strncmp(name, line, len) &&
	       payload_is(expected, json_object_get(event, "payload"));
	json_decref(expected);
	return same;
}

/* ---- comparing ---- */

/* The next event of a process, from *index on; NULL: there is none. */
static const json_t *next_of(const json_t *events, size_t *index, pid_t pid)
{
	const json_t *event;

	while ((event = json_array_get(events, (*index)++)))
		if (json_integer_value(json_object_get(json_object_get(event, "header"), "pid")) ==
		    pid)
			return event;
	return NULL;
}

static void compare(const struct row *row, const struct acted *acted, const json_t *events, bool tp)
{
	const char *const *lines = tp && row->tp_differs ? row->tp_lines : row->lines;
	const json_t *event;
	size_t index = 0;
	char *line, *text;

	cr_assert(!chdir(acted->folder));
	for (size_t i = 0; i < ROW_LINES_MAX && lines[i]; i++) {
		line = line_of(lines[i], acted->folder);
		event = next_of(events, &index, acted->pid);
		text = event ? json_dumps(event, 0) : NULL;
		cr_expect(event && line_is(line, event), "%s: line %zu\nexpected %s\nfound    %s",
			  row->what, i + 1, line, text ?: "no more lines");
		free(text);
		free(line);
	}
	while ((event = next_of(events, &index, acted->pid))) {
		text = json_dumps(event, 0);
		cr_expect(false, "%s: one line too many\nfound    %s", row->what, text);
		free(text);
	}
}

/* The variant that loaderd chose for a hook. */
static bool variant_is(struct kit *kit, const char *module, const char *hook, const char *variant)
{
	struct pulsar_meta meta = { 0 };
	char path[512];
	__u32 zero = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s/meta", kit_pin_root(kit), module);
	fd = bpf_obj_get(path);
	cr_assert(fd >= 0 && !bpf_map_lookup_elem(fd, &zero, &meta), "%s", path);
	close(fd);
	for (__u32 i = 0; i < meta.hooks && i < PULSAR_HOOKS_MAX; i++)
		if (!strcmp(meta.hook[i].name, hook))
			return !strcmp(meta.hook[i].variant, variant);
	cr_assert_fail("%s has no hook %s", module, hook);
	return false;
}

void rows_run(const char *module, const char *hook, const struct row *rows, size_t count)
{
	struct kit *kit = kit_started_shared(module, NULL);
	struct acted *acted = calloc(count, sizeof(*acted));
	struct kit_reader *reader;
	char folder[PATH_LEN];
	json_t *events;
	bool tp;

	cr_assert(acted);
	umask(0);
	reader = kit_read_attached(kit, module, NULL);
	tp = variant_is(kit, module, hook, "tp");
	for (size_t i = 0; i < count; i++) {
		snprintf(folder, sizeof(folder), "%s/%zu", kit_folder(kit), i);
		act(&rows[i], folder, &acted[i]);
	}
	kit_caught_up(kit, module, kit_subscription(kit));
	cr_expect_eq(kit_reader_stop(reader, SIGTERM), 0);
	events = kit_reader_events(reader);
	for (size_t i = 0; i < count; i++)
		if (!acted[i].skipped)
			compare(&rows[i], &acted[i], events, tp);
	cr_assert(!chdir("/"));
	empty(open(kit_folder(kit), O_RDONLY | O_DIRECTORY));
	json_decref(events);
	kit_reader_free(reader);
	free(acted);
	kit_free(kit);
}
