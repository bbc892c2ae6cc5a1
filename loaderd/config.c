// SPDX-License-Identifier: Apache-2.0
/* Defaults, the file (by libinih) and the command line, in this order. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pulsar/config.h>

#include "config_key.h"
#include "error.h"
#include "file.h"

#define CONFIG_FILE_MAX (1u << 20) /* bytes */
/* Longer lists go on in lines that begin with a space. libinih's own limit, INI_MAX_LINE, is fixed
 * when it is built, so the lines are measured as it asks for them. */

/* The reading of one text. */
struct config_reader {
	struct config *config;
	const char *name;
	const char *next; /* what is not read yet */
	const char *end;
	unsigned int line;  /* the one that was read last */
	bool in_list;	    /* the key before is a list, and may go on in the next line */
	bool continued;	    /* this line does that: it begins with a space */
	unsigned int wrong; /* the first line that was; 0: none */
	int err;
	struct pin_error error;
};

struct config *config_new(void)
{
	struct config *c = calloc(1, sizeof(*c));
	struct pin_error error;

	if (!c)
		return NULL;
	for (const struct pulsar_config_key *key = pulsar_config_loaderd; key->name; key++)
		if (key->otherwise)
			config_key_set(config_key_find(config_keys_loaderd, key->name), c,
				       key->otherwise, &error);
	return c;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->sections_count; i++) {
		struct config_module *m = &config->sections[i];

		for (size_t v = 0; v < m->variables_count; v++) {
			free(m->variables[v].name);
			free(m->variables[v].value);
		}
		free(m->variables);
		rules_release(&m->rules);
	}
	free(config->sections);
	free(config->modules);
	free(config);
}

bool config_group_given(const struct config *config)
{
	return strcmp(config->group, PULSAR_GROUP) != 0;
}

const struct config_module *config_section(const struct config *config, const char *module)
{
	for (size_t i = 0; i < config->sections_count; i++)
		if (!strcmp(config->sections[i].name, module))
			return &config->sections[i];
	return NULL;
}

bool config_wants(const struct config *config, const char *module)
{
	const struct config_module *section = config_section(config, module);

	if (section && !section->enabled)
		return false;
	if (!config->modules_count || !strcmp(module, "core"))
		return true;
	for (size_t i = 0; i < config->modules_count; i++)
		if (!strcmp(config->modules[i], module))
			return true;
	return false;
}

/* ---- one key ---- */

/* A key that is set twice is a mistake in the file; a list goes on in the next line. */
static int config_given(struct config_reader *r, const char *section,
			const struct config_key *table, const struct config_key *key,
			uint64_t *given)
{
	uint64_t bit = 1ull << (key - table);

	if ((*given & bit) && !r->continued)
		return error_set(&r->error, -EINVAL, "%s: set a second time", key->name);
	*given |= bit;
	r->in_list = pulsar_config_find(section, key->name)->list;
	return 0;
}

static struct config_module *config_section_get(struct config_reader *r, const char *name)
{
	struct config *c = r->config;
	struct config_module *m = (struct config_module *)config_section(c, name);

	if (m)
		return m;
	if (!pin_name_valid(name)) {
		error_set(&r->error, -EINVAL, "[%s] is neither [loaderd] nor the name of a module",
			  name);
		return NULL;
	}
	m = reallocarray(c->sections, c->sections_count + 1, sizeof(*m));
	if (!m) {
		error_set(&r->error, -ENOMEM, "no memory");
		return NULL;
	}
	c->sections = m;
	m += c->sections_count++;
	memset(m, 0, sizeof(*m));
	strcpy(m->name, name);
	m->line = r->line;
	m->enabled = true;
	return m;
}

/* Judged when the object is there, which knows its variables. */
static int config_variable_add(struct config_reader *r, struct config_module *m, const char *name,
			       const char *value)
{
	struct config_variable *v;

	for (size_t i = 0; i < m->variables_count; i++)
		if (!strcmp(m->variables[i].name, name))
			return error_set(&r->error, -EINVAL, "%s: set a second time", name);
	v = reallocarray(m->variables, m->variables_count + 1, sizeof(*v));
	if (!v)
		return error_set(&r->error, -ENOMEM, "no memory");
	m->variables = v;
	v += m->variables_count++;
	v->name = strdup(name);
	v->value = strdup(value);
	v->line = r->line;
	return v->name && v->value ? 0 : error_set(&r->error, -ENOMEM, "no memory");
}

static int config_take_loaderd(struct config_reader *r, const char *name, const char *value)
{
	const struct config_key *key = config_key_find(config_keys_loaderd, name);
	int err;

	if (!key)
		return error_set(&r->error, -EINVAL, "[loaderd] has no key '%s'", name);
	err = config_given(r, "loaderd", config_keys_loaderd, key, &r->config->given);
	if (err)
		return err;
	return config_key_set(key, r->config, value, &r->error);
}

static int config_take_module(struct config_reader *r, const char *section, const char *name,
			      const char *value)
{
	const struct config_key *key = config_key_find(config_keys_module, name);
	struct config_module *m = config_section_get(r, section);
	int err;

	if (!m)
		return -errno;
	if (!key)
		return config_variable_add(r, m, name, value);
	err = config_given(r, section, config_keys_module, key, &m->given);
	if (err)
		return err;
	return config_key_set(key, m, value, &r->error);
}

/* ---- libinih's side ---- */

/* 1 goes on, 0 is an error; only the first one counts. */
static int config_take(void *arg, const char *section, const char *name, const char *value)
{
	struct config_reader *r = arg;

	if (r->wrong)
		return 0;
	r->in_list = false;
	if (!*name)
		r->err = error_set(&r->error, -EINVAL, "no key stands before the value");
	else if (!strcmp(section, "loaderd"))
		r->err = config_take_loaderd(r, name, value);
	else if (!*section)
		r->err = error_set(&r->error, -EINVAL, "'%s' stands before the first [section]",
				   name);
	else
		r->err = config_take_module(r, section, name, value);
	if (r->err)
		r->wrong = r->line;
	return !r->err;
}

/* One line for libinih, without its end. Where it would cut it in two, it is an error instead. */
static char *config_read_line(char *to, int room, void *arg)
{
	struct config_reader *r = arg;
	const char *end;
	size_t len;

	if (r->next == r->end || r->wrong)
		return NULL;
	end = memchr(r->next, '\n', (size_t)(r->end - r->next));
	if (!end)
		end = r->end;
	r->line++;
	r->continued = r->in_list && (*r->next == ' ' || *r->next == '\t');
	/* To libinih a space at the front always continues; to us only a list does. */
	while (!r->continued && r->next < end && (*r->next == ' ' || *r->next == '\t'))
		r->next++;
	len = (size_t)(end - r->next);
	if (len + 1 > (size_t)room)
		r->err = error_set(&r->error, -EINVAL, "longer than %d bytes", room - 1);
	else if (memchr(r->next, '\0', len))
		r->err = error_set(&r->error, -EINVAL, "has a NUL byte in it");
	if (r->err) {
		r->wrong = r->line;
		return NULL;
	}
	memcpy(to, r->next, len);
	to[len] = '\0';
	r->next = end < r->end ? end + 1 : end;
	return to;
}

int config_parse(struct config *config, const char *name, const char *text, size_t size,
		 struct pin_error *error)
{
	struct config_reader r = {
		.config = config,
		.name = name,
		.next = text,
		.end = text + size,
	};
	int line;

	line = ini_parse_stream(config_read_line, &r, config_take, &r);
	if (line < 0)
		return error_set(error, -ENOMEM, "%s: no memory", name);
	/* A line that libinih itself did not understand has no sentence of ours. */
	if (line > 0 && (!r.wrong || (unsigned int)line < r.wrong))
		return error_set(error, -EINVAL, "%s:%d: neither [section] nor key = value", name,
				 line);
	if (r.wrong)
		return error_set(error, r.err, "%s:%u: %s", name, r.wrong, r.error.text);
	return 0;
}

/* ---- the whole ---- */

static int config_read_file(struct config *config, const struct options *options,
			    struct pin_error *error)
{
	const char *path = options->config ? options->config : PULSAR_CONFIG;
	char *text = NULL;
	size_t size = 0;
	int err;

	if (strlen(path) >= sizeof(config->path))
		return error_set(error, -ENAMETOOLONG, "%s: %m", path);
	err = file_read_trusted(AT_FDCWD, path, path, CONFIG_FILE_MAX, &text, &size, error);
	if (err == -ENOENT && !options->config)
		return 0;
	if (err)
		return err;
	strcpy(config->path, path);
	err = config_parse(config, path, text, size, error);
	free(text);
	return err;
}

/* Same judgement as in the file. */
static int config_override(struct config *config, const char *name, const char *value,
			   struct pin_error *error)
{
	const struct config_key *key = config_key_find(config_keys_loaderd, name);

	return value ? config_key_set(key, config, value, error) : 0;
}

/* In the file a path is absolute; here it may start where the daemon was started. */
static int config_override_path(struct config *config, const char *name, const char *path,
				struct pin_error *error)
{
	char *absolute = NULL;
	char *cwd = NULL;
	int err;

	if (!path || *path == '/')
		return config_override(config, name, path, error);
	cwd = getcwd(NULL, 0);
	if (!cwd || asprintf(&absolute, "%s/%s", cwd, path) < 0)
		err = error_set(error, -errno, "%s: %m", name);
	else
		err = config_override(config, name, absolute, error);
	free(absolute);
	free(cwd);
	return err;
}

static int config_read_options(struct config *config, const struct options *o,
			       struct pin_error *error)
{
	int err;

	err = config_override_path(config, "modules_dir", o->modules_dir, error);
	if (!err)
		err = config_override_path(config, "pin_root", o->pin_root, error);
	if (!err)
		err = config_override_path(config, "socket", o->socket, error);
	if (!err)
		err = config_override(config, "group", o->group, error);
	if (!err)
		err = config_override(config, "variant", o->variant, error);
	if (o->modules_count)
		config->modules_count = 0; /* these and no others */
	for (size_t i = 0; i < o->modules_count && !err; i++)
		err = config_override(config, "modules", o->modules[i], error);
	return err ? error_prefix(error, err, "command line") : 0;
}

struct config *config_load(const struct options *options, struct pin_error *error)
{
	struct config *config = config_new();
	int err;

	if (!config) {
		error_set(error, -ENOMEM, "no memory");
		return NULL;
	}
	err = config_read_file(config, options, error);
	if (err)
		goto out;
	err = config_read_options(config, options, error);
out:
	if (!err)
		return config;
	config_free(config);
	errno = -err;
	return NULL;
}
