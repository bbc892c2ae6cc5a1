// SPDX-License-Identifier: Apache-2.0
/* pulsarctl config: list, get, set, unset. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pulsar/config.h>

#include "conf_file.h"
#include "output.h"
#include "table.h"

/* A line as the file has it, without what could steer a terminal. */
static void print_setting(const struct conf_key *key, const char *value)
{
	char *copy = strdup(value);

	if (copy)
		printf("%s.%s = %s\n", key->section, key->key, ascii(copy));
	free(copy);
}

/* A value need not be UTF-8; JSON has to be. */
static json_t *value_json(const char *value)
{
	json_t *string = json_string(value);
	char *copy;

	if (string)
		return string;
	copy = strdup(value);
	string = copy ? json_string(ascii(copy)) : NULL;
	free(copy);
	return string;
}

struct config_list {
	const char *section; /* NULL: all */
	json_t *json;	     /* NULL: printed */
};

static int list_visit(const struct conf_key *key, const char *value, void *arg)
{
	struct config_list *list = arg;
	json_t *section;

	if (list->section && strcmp(list->section, key->section))
		return 0;
	if (!list->json) {
		print_setting(key, value);
		return 0;
	}
	section = json_object_get(list->json, key->section);
	if (!section) {
		section = json_object();
		json_object_set_new(list->json, key->section, section);
	}
	json_object_set_new(section, key->key, value_json(value));
	return 0;
}

/* What the file does not set, of [loaderd]: it holds for modules, too. */
static void list_defaults(struct config_list *list, const char *text, json_t *defaults)
{
	struct conf_key key = { .section = "loaderd" };

	if (list->section && strcmp(list->section, key.section))
		return;
	for (const struct pulsar_config_key *k = pulsar_config_loaderd; k->name; k++) {
		char *set;

		strcpy(key.key, k->name);
		set = conf_get(text, &key);
		if (!set && k->otherwise && defaults)
			json_object_set_new(defaults, k->name, json_string(k->otherwise));
		else if (!set && k->otherwise)
			printf("%s.%s = %s ; default\n", key.section, k->name, k->otherwise);
		free(set);
	}
}

static int config_list(const struct ctl *ctl, int argc, char **argv)
{
	struct config_list list = { .section = argc > 2 ? argv[2] : NULL };
	json_t *defaults = NULL;
	struct conf_file file;
	int status;

	status = conf_file_open(&file, ctl, false);
	if (status)
		goto out;
	if (ctl->json) {
		list.json = json_object();
		defaults = json_object();
	} else {
		ctl_note("%s%s", file.path, file.there ? "" : " is not there");
	}
	conf_each(file.text, list_visit, &list);
	list_defaults(&list, file.text, defaults);
	if (ctl->json)
		status = output_json(json_pack("{s:o, s:o, s:{s:o}}", "config",
					       value_json(file.path), "settings", list.json,
					       "defaults", "loaderd", defaults));
out:
	conf_file_close(&file);
	return status;
}

static int get_print(const struct ctl *ctl, const struct conf_key *key, char *value, bool set)
{
	int status = CTL_OK;

	if (ctl->json)
		status = output_json(json_pack("{s:s, s:s, s:o, s:s}", "section", key->section,
					       "key", key->key, "value", value_json(value),
					       "source", set ? "file" : "default"));
	else
		printf("%s\n", ascii(value));
	return status;
}

/* What holds where the file sets nothing, for free(); NULL with ENOENT: nothing does. */
static char *get_default(const char *text, const struct conf_key *key)
{
	const struct pulsar_config_key *known = pulsar_config_find(key->section, key->key);
	struct conf_key common = { .section = "loaderd" };
	char *value = NULL;

	errno = ENOENT;
	if (!known)
		return NULL;
	if (known->otherwise)
		return strdup(known->otherwise);
	/* Modules have what they do not set themselves from [loaderd]. */
	strcpy(common.key, key->key);
	known = pulsar_config_find(common.section, common.key);
	if (known && strcmp(key->section, common.section)) {
		value = conf_get(text, &common);
		if (!value && errno == ENOENT && known->otherwise)
			value = strdup(known->otherwise);
	}
	return value;
}

static int config_get(const struct ctl *ctl, const struct conf_key *key)
{
	struct conf_file file;
	char *value;
	bool set;
	int status;

	status = conf_file_open(&file, ctl, false);
	if (status)
		goto out;
	value = conf_get(file.text, key);
	set = value;
	if (!value && errno == ENOENT)
		value = get_default(file.text, key);
	if (value)
		status = get_print(ctl, key, value, set);
	else if (errno == ENOENT)
		status = ctl_fail("%s: %s.%s is not set", file.path, key->section, key->key);
	else
		status = ctl_fail("%m");
	free(value);
out:
	conf_file_close(&file);
	return status;
}

/* A list may be given as several arguments. */
static char *join(int argc, char **argv)
{
	size_t size = 1;
	char *joined;

	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 2;
	joined = calloc(1, size);
	for (int i = 0; joined && i < argc; i++) {
		strcat(joined, i ? ", " : "");
		strcat(joined, argv[i]);
	}
	return joined;
}

static int config_set(const struct ctl *ctl, const struct conf_key *key, int argc, char **argv)
{
	char *value;
	int status;

	if (argc > 1 && !conf_is_list(key))
		return ctl_usage("%s.%s takes one value", key->section, key->key);
	value = join(argc, argv);
	status = value ? config_change(ctl, key, value, true) : ctl_fail("%m");
	free(value);
	return status;
}

static int config_unset(const struct ctl *ctl, const struct conf_key *key)
{
	struct conf_file file;
	char *value = NULL;
	int status;

	status = conf_file_open(&file, ctl, false);
	if (!status) {
		value = conf_get(file.text, key);
		if (!value)
			status =
				ctl_fail("%s: %s.%s is not set", file.path, key->section, key->key);
	}
	free(value);
	conf_file_close(&file);
	return status ? status : config_change(ctl, key, NULL, true);
}

int config_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "list";
	struct conf_key key;

	if (!strcmp(verb, "list") && argc <= 3)
		return config_list(ctl, argc, argv);
	if (argc < 3 || (strcmp(verb, "set") ? argc > 3 : argc < 4))
		return ctl_usage("usage: pulsarctl config [list [SECTION] | get SECTION.KEY | "
				 "set SECTION.KEY VALUE... | unset SECTION.KEY]");
	if (conf_key_parse(&key, argv[2]))
		return ctl_usage("'%s' is not SECTION.KEY", argv[2]);
	if (!strcmp(verb, "get"))
		return config_get(ctl, &key);
	if (!strcmp(verb, "set"))
		return config_set(ctl, &key, argc - 3, argv + 3);
	if (!strcmp(verb, "unset"))
		return config_unset(ctl, &key);
	return ctl_usage("config has no '%s': list, get, set, unset", verb);
}
