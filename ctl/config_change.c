// SPDX-License-Identifier: Apache-2.0
/* A change of the configuration, from the file to the running loaderd, or back. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "conf_file.h"
#include "program.h"

/* Why a module is not as the configuration wants it; "": it is. */
static void module_error(const struct ctl *ctl, const char *module, char *text, size_t size)
{
	struct client_error error;
	json_t *answer = client_request(ctl, client_module_request("modules", module), &error);

	snprintf(text, size, "%s",
		 answer_text(json_array_get(json_object_get(answer, "modules"), 0), "error"));
	json_decref(answer);
}

/* Puts the old text back. */
static void take_back(const struct conf_file *file)
{
	char path[PATH_MAX];

	if (!file->there)
		unlink(file->path);
	else if (!conf_file_write(file, file->text, path))
		conf_file_replace(file, path);
}

static void reload_quietly(const struct ctl *ctl)
{
	struct client_error error;

	json_decref(client_request(ctl, client_module_request("reload", NULL), &error));
}

/* Of a reload that went through: whether the module took what it was given. */
static int judge_reload(const struct ctl *ctl, const struct conf_file *file,
			const struct conf_key *key, const json_t *answer)
{
	const char *warning = answer_text(answer, "warning");
	unsigned long long wrong = answer_number(answer, "wrong");
	char text[512] = "";

	if (wrong && strcmp(key->section, "loaderd"))
		module_error(ctl, key->section, text, sizeof(text));
	if (*text) {
		take_back(file);
		reload_quietly(ctl);
		return ctl_fail("%s.%s: %s", key->section, key->key, text);
	}
	if (wrong)
		ctl_note("%llu modules are not as the configuration wants them; see pulsarctl "
			 "modules",
			 wrong);
	if (*warning)
		ctl_note("%s", warning);
	return CTL_OK;
}

static int apply(const struct ctl *ctl, const struct conf_file *file, const struct conf_key *key)
{
	struct client_error error;
	json_t *answer;
	int status;

	answer = client_request(ctl, client_module_request("reload", NULL), &error);
	if (answer) {
		status = judge_reload(ctl, file, key, answer);
		json_decref(answer);
		return status;
	}
	if (error.absent) {
		ctl_note("%s: pulsar-loaderd does not run; it takes effect when that is started",
			 error.text);
		return CTL_OK;
	}
	if (error.err == -EREMOTEIO) {
		take_back(file);
		return ctl_fail("%s", error.text);
	}
	return ctl_fail("%s: kept in %s, but not in effect", error.text, file->path);
}

/* ---- without loaderd ---- */

/* 0: `pulsar-loaderd --check` likes it, or there is none to ask; else its exit status and words. */
static int check(const char *path, char *text, size_t size)
{
	char loaderd[PATH_MAX];
	const char *const argv[] = { loaderd, "--check", "--config", path, NULL };
	int status;

	if (program_find("pulsar-loaderd", loaderd))
		return 0;
	status = program_run(argv, text, size);
	text[strcspn(text, "\n")] = '\0';
	return status < 0 ? 0 : status;
}

/* What stands behind the file's name: "pulsar-loaderd: error: FILE.XXXXXX:3: words" says ":3: words". */
static const char *behind(const char *text, const char *path)
{
	const char *at = strstr(text, path);

	return at ? at + strlen(path) : text;
}

/* What is wrong already is not what this change is to blame for. */
static int check_new(const struct conf_file *file, const char *path)
{
	char text[1024], old[1024];
	const char *words;

	if (!check(path, text, sizeof(text)))
		return CTL_OK;
	words = behind(text, path);
	if (file->there && check(file->path, old, sizeof(old)) &&
	    !strcmp(words, behind(old, file->path)))
		return CTL_OK;
	return ctl_fail("%s%s", words == text ? "" : file->path, words);
}

static bool loaderd_absent(const struct ctl *ctl)
{
	struct client_error error;
	json_t *answer = client_request(ctl, client_module_request("names", NULL), &error);

	json_decref(answer);
	return !answer && error.absent;
}

/* ---- both ---- */

static int change(const struct ctl *ctl, const struct conf_file *file, const struct conf_key *key,
		  const char *value, bool at_once)
{
	char path[PATH_MAX], *text = conf_set(file->text, key, value);
	int status;

	if (!text)
		return !value && errno == ENOENT ? CTL_OK : ctl_fail("%m");
	status = conf_file_write(file, text, path);
	if (!status && (!at_once || loaderd_absent(ctl))) {
		status = check_new(file, path);
		if (status)
			unlink(path);
	}
	if (!status)
		status = conf_file_replace(file, path);
	free(text);
	return status || !at_once ? status : apply(ctl, file, key);
}

int config_change(const struct ctl *ctl, const struct conf_key *key, const char *value,
		  bool at_once)
{
	const char *wrong = value ? conf_value_wrong(key, value) : NULL;
	struct conf_file file;
	int status;

	if (wrong)
		return ctl_fail("%s.%s: a value cannot have %s in it", key->section, key->key,
				wrong);
	status = conf_file_open(&file, ctl, true);
	if (!status)
		status = change(ctl, &file, key, value, at_once);
	conf_file_close(&file);
	return status;
}
