// SPDX-License-Identifier: Apache-2.0
/* pulsarctl, what it changes: modules, configuration, filters, subscriptions, all of it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pulsarctl.h"

#define MODULE "file-created"

static void expect_state(struct kit *kit, const char *module, const char *expected)
{
	json_t *m = status_of(kit, module);

	cr_expect_str_eq(json_string_value(json_object_get(m, "state")), expected);
	json_decref(m);
}

static bool pinned(struct kit *kit, const char *what)
{
	char path[512];

	snprintf(path, sizeof(path), "%s%s%s", kit_pin_root(kit), *what ? "/" : "", what);
	return !access(path, F_OK);
}

/* ---- modules ---- */

Test(ctl_changes, a_module_is_stopped_started_and_restarted)
{
	struct kit *kit = kit_started(MODULE, NULL);

	free(pulsarctl_text(kit, WORDS("stop", MODULE)));
	expect_state(kit, MODULE, "stopped");
	cr_expect(!pinned(kit, MODULE));
	pulsarctl_fails(kit, WORDS("stop", MODULE), "does not run");
	free(pulsarctl_text(kit, WORDS("start", MODULE)));
	expect_state(kit, MODULE, "running");
	cr_expect(pinned(kit, MODULE));
	pulsarctl_fails(kit, WORDS("start", MODULE), "runs already");
	free(pulsarctl_text(kit, WORDS("restart", MODULE)));
	expect_state(kit, MODULE, "running");
	pulsarctl_fails(kit, WORDS("start", "no-such-module"), "no-such-module");
	kit_free(kit);
}

Test(ctl_changes, teardown_ends_everything_through_loaderd)
{
	struct kit *kit = kit_started(MODULE, NULL);

	free(pulsarctl_text(kit, WORDS("teardown", MODULE)));
	expect_state(kit, MODULE, "stopped");
	cr_expect(pinned(kit, "core"));
	free(pulsarctl_text(kit, WORDS("teardown")));
	cr_expect(!pinned(kit, "core"));
	kit_free(kit);
}

Test(ctl_changes, teardown_without_loaderd_removes_the_pins_itself)
{
	struct kit *kit = kit_started(MODULE, NULL);

	kit_stop(kit, SIGKILL);
	pulsarctl_fails(kit, WORDS("teardown", "no-such-module"), "there is no module");
	free(pulsarctl_text(kit, WORDS("teardown", MODULE)));
	cr_expect(!pinned(kit, MODULE));
	cr_expect(pinned(kit, "core"));
	free(pulsarctl_text(kit, WORDS("teardown")));
	cr_expect(!pinned(kit, ""));
	free(pulsarctl_text(kit, WORDS("teardown")));
	cr_assert(kit_start(kit), "%s", kit_log(kit));
	kit_free(kit);
}

Test(ctl_changes, teardown_leaves_the_pins_of_a_loaderd_that_it_cannot_ask)
{
	struct kit *kit = kit_started(MODULE, NULL);
	const char *const words[] = { "--socket",   "/tmp/no-such-socket",
				      "--pin-root", kit_pin_root(kit),
				      "teardown",   NULL };

	pulsarctl_fails(NULL, words, kit_pin_root(kit));
	cr_expect(pinned(kit, MODULE));
	kit_free(kit);
}

/* ---- configuration ---- */

static char *config_text(struct kit *kit)
{
	static char text[4096];
	int fd = open(kit_config_path(kit), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	cr_assert(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void expect_setting(struct kit *kit, const char *key, const char *expected)
{
	char *text = pulsarctl_text(kit, WORDS("config", "get", key));

	text[strcspn(text, "\n")] = '\0';
	cr_expect_str_eq(text, expected, "%s", key);
	free(text);
}

static json_t *rules_of(struct kit *kit, const char *module)
{
	json_t *filters = pulsarctl_json(kit, WORDS("filter", "list", module));
	json_t *filter = json_find(json_object_get(filters, "filters"), "module", module);
	json_t *rules = json_incref(json_object_get(filter, "rules"));

	json_decref(filters);
	return rules;
}

Test(ctl_changes, a_setting_takes_effect_and_the_file_keeps_its_comments)
{
	struct kit *kit = kit_started(MODULE, "# What it looks at\n[file-created] ; a module\n"
					      "targets = /usr/bin/true ; this one\n# the end");
	json_t *rules;

	free(pulsarctl_text(kit,
			    WORDS("config", "set", MODULE ".targets", "/usr/bin/a", "/usr/bin/b")));
	cr_expect(strstr(config_text(kit),
			 "# What it looks at\n[file-created] ; a module\n"
			 "targets = /usr/bin/a, /usr/bin/b ; this one\n# the end"),
		  "%s", config_text(kit));
	rules = rules_of(kit, MODULE);
	cr_expect_eq(json_array_size(json_object_get(rules, "targets")), 2);
	json_decref(rules);
	expect_setting(kit, MODULE ".targets", "/usr/bin/a, /usr/bin/b");
	free(pulsarctl_text(kit, WORDS("config", "unset", MODULE ".targets")));
	rules = rules_of(kit, MODULE);
	cr_expect_eq(json_object_size(rules), 0);
	json_decref(rules);
	pulsarctl_fails(kit, WORDS("config", "get", MODULE ".targets"), "is not set");
	pulsarctl_fails(kit, WORDS("config", "unset", MODULE ".targets"), "is not set");
	kit_free(kit);
}

Test(ctl_changes, what_takes_effect_only_at_the_next_start_is_told)
{
	static const char *const keys[] = { "loaderd.ring_size", "loaderd.memory_limit",
					    MODULE ".ring_size" };
	struct kit *kit = kit_started(MODULE, NULL);
	struct pulsarctl ctl;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		ctl = pulsarctl_run(kit, KIT_ROOT, WORDS("config", "set", keys[i], "512K"));
		cr_expect_eq(ctl.status, 0);
		cr_expect(strstr(ctl.err, "takes effect at the next start"), "%s: %s", keys[i],
			  ctl.err);
		pulsarctl_release(&ctl);
	}
	kit_free(kit);
}

Test(ctl_changes, defaults_are_shown_and_marked)
{
	struct kit *kit = kit_started(MODULE, "memory_limit = 32M");
	char *text = pulsarctl_text(kit, WORDS("config", "list", "loaderd"));

	cr_expect(strstr(text, "loaderd.memory_limit = 32M\n"), "%s", text);
	cr_expect(strstr(text, "loaderd.ring_size = 1M ; default\n"), "%s", text);
	free(text);
	expect_setting(kit, MODULE ".ring_size", "1M");
	expect_setting(kit, MODULE ".enabled", "yes");
	kit_free(kit);
}

/* It does not run, as is asked for; one that is to run is missed. */
Test(ctl_changes, a_module_that_is_not_there_can_be_disabled_only)
{
	struct kit *kit = kit_started(MODULE, NULL);

	free(pulsarctl_text(kit, WORDS("config", "set", "not-there.enabled", "no")));
	cr_expect(strstr(kit_log(kit), "[not-there]: there is no such module"), "%s", kit_log(kit));
	pulsarctl_fails(kit, WORDS("config", "set", "not-there.enabled", "yes"),
			"[not-there]: there is no such module");
	kit_free(kit);
}

Test(ctl_changes, a_module_is_disabled_and_enabled_by_its_configuration)
{
	struct kit *kit = kit_started(MODULE, NULL);

	free(pulsarctl_text(kit, WORDS("config", "set", MODULE ".enabled", "no")));
	cr_expect(!pinned(kit, MODULE));
	free(pulsarctl_text(kit, WORDS("config", "set", MODULE ".enabled", "yes")));
	expect_state(kit, MODULE, "running");
	kit_free(kit);
}

static void expect_taken_back(struct kit *kit, const char *key, const char *value, const char *says)
{
	char *before = strdup(config_text(kit));

	pulsarctl_fails(kit, WORDS("config", "set", key, value), says);
	cr_expect_str_eq(config_text(kit), before, "%s", key);
	free(before);
}

Test(ctl_changes, what_loaderd_refuses_is_taken_back)
{
	struct kit *kit = kit_started(MODULE, "[file-created]\nring_size = 64K");

	expect_taken_back(kit, MODULE ".ring_size", "100000", "power of two");
	expect_taken_back(kit, "loaderd.no_such_key", "1", "no_such_key");
	expect_taken_back(kit, "no-such-module.enabled", "yes", "no-such-module");
	expect_taken_back(kit, MODULE ".group", "a ;b", "begins a comment");
	expect_state(kit, MODULE, "running");
	kit_free(kit);
}

Test(ctl_changes, what_a_module_refuses_is_taken_back)
{
	struct kit *kit = kit_started(MODULE, NULL);
	json_t *m;

	expect_taken_back(kit, MODULE ".no_such_variable", "1", "no such setting");
	m = status_of(kit, MODULE);
	cr_expect_str_eq(json_string_value(json_object_get(m, "state")), "running");
	cr_expect(json_is_null(json_object_get(m, "error")), "what was wrong is right again");
	json_decref(m);
	free(pulsarctl_text(kit, WORDS("config", "set", MODULE ".targets", "/usr/bin/a")));
	kit_free(kit);
}

Test(ctl_changes, without_loaderd_a_setting_is_judged_and_kept_for_its_start)
{
	struct kit *kit = kit_started(MODULE, NULL);
	const char *path = kit_config_path(kit);
	struct pulsarctl ctl;

	kit_stop(kit, SIGTERM);
	pulsarctl_fails(kit, WORDS("--config", path, "config", "set", "loaderd.no_such_key", "1"),
			"no_such_key");
	cr_expect(!strstr(config_text(kit), "no_such_key"));
	ctl = pulsarctl_run(kit, KIT_ROOT,
			    WORDS("--config", path, "config", "set", MODULE ".targets", "/bin/x"));
	cr_expect_eq(ctl.status, 0, "%s", ctl.err);
	cr_expect(strstr(ctl.err, "when that is started"), "%s", ctl.err);
	pulsarctl_release(&ctl);
	cr_assert(kit_start(kit), "%s", kit_log(kit));
	expect_setting(kit, MODULE ".targets", "/bin/x");
	kit_free(kit);
}

Test(ctl_changes, the_file_keeps_owner_mode_and_the_link_that_leads_to_it)
{
	struct kit *kit = kit_new(MODULE, NULL);
	char link[256];
	struct stat st;

	snprintf(link, sizeof(link), "%s/link.conf", kit_folder(kit));
	cr_assert(!symlink(kit_config_path(kit), link));
	cr_assert(!chmod(kit_config_path(kit), 0600));
	cr_assert(!chown(kit_config_path(kit), 0, 4242));
	free(pulsarctl_text(kit,
			    WORDS("--config", link, "config", "set", MODULE ".enabled", "yes")));
	cr_assert(!lstat(link, &st) && S_ISLNK(st.st_mode));
	cr_assert(!stat(kit_config_path(kit), &st));
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_expect_eq(st.st_gid, 4242);
	cr_expect(strstr(config_text(kit), "enabled = yes"));
	kit_free(kit);
}

Test(ctl_changes, what_a_file_has_in_it_does_not_steer_the_terminal)
{
	struct kit *kit = kit_new(MODULE, "[x]\nname = \033[2J\xff\nother = \x9b\n");
	char *text = pulsarctl_text(kit, WORDS("--config", kit_config_path(kit), "config"));

	expect_plain(text);
	cr_expect(strstr(text, "x.name = ?[2J?\n"), "%s", text);
	free(text);
	json_decref(pulsarctl_json(kit, WORDS("--config", kit_config_path(kit), "config")));
	kit_free(kit);
}

/* ---- filters ---- */

static void create_file(struct kit *kit)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/file", kit_folder(kit));
	close(creat(path, 0644));
	unlink(path);
}

static long long figure(struct kit *kit, const char *key)
{
	json_t *m = status_of(kit, MODULE);
	long long n = json_integer_value(json_object_get(m, key));

	json_decref(m);
	return n;
}

Test(ctl_changes, a_rule_takes_effect_at_once_and_is_kept_where_that_is_asked_for)
{
	struct kit *kit = kit_started(MODULE, NULL);
	long long filtered;
	json_t *rules;

	/* Nobody has this uid: everything is filtered from now on. */
	free(pulsarctl_text(kit, WORDS("filter", "add", MODULE, "uid_targets", "3999999999")));
	filtered = figure(kit, "filtered");
	create_file(kit);
	cr_expect_gt(figure(kit, "filtered"), filtered);
	cr_expect(!strstr(config_text(kit), "3999999999"));
	free(pulsarctl_text(kit, WORDS("filter", "add", "--save", MODULE, "targets",
				       "/usr/bin/touch", "/usr/bin/true")));
	rules = rules_of(kit, MODULE);
	cr_expect_eq(json_array_size(json_object_get(rules, "uid_targets")), 1,
		     "saving does not undo what was not saved");
	json_decref(rules);
	cr_expect(strstr(config_text(kit), "targets = /usr/bin/touch, /usr/bin/true\n"), "%s",
		  config_text(kit));
	free(pulsarctl_text(
		kit, WORDS("filter", "remove", MODULE, "targets", "/usr/bin/true", "--save")));
	cr_expect(strstr(config_text(kit), "targets = /usr/bin/touch\n"), "%s", config_text(kit));
	free(pulsarctl_text(kit, WORDS("filter", "remove", MODULE, "targets", "--save")));
	cr_expect(!strstr(config_text(kit), "targets"), "%s", config_text(kit));
	free(pulsarctl_text(kit, WORDS("filter", "remove", MODULE, "uid_targets")));
	rules = rules_of(kit, MODULE);
	cr_expect_eq(json_object_size(rules), 0);
	json_decref(rules);
	kit_free(kit);
}

Test(ctl_changes, wrong_rules_are_refused_and_change_nothing)
{
	struct kit *kit = kit_started(MODULE, NULL);
	json_t *rules;

	pulsarctl_fails(kit, WORDS("filter", "add", MODULE, "no_such_rule", "5"), "no such rule");
	pulsarctl_fails(kit, WORDS("filter", "add", MODULE, "uid_targets", "root"), "not a number");
	pulsarctl_fails(kit, WORDS("filter", "add", MODULE, "targets", "relative"), "not the path");
	pulsarctl_fails(kit, WORDS("filter", "add", "no-such-module", "targets", "/x"),
			"no-such-module");
	pulsarctl_fails(kit, WORDS("filter", "remove", MODULE, "targets", "/x"),
			"there is no rule");
	rules = rules_of(kit, MODULE);
	cr_expect_eq(json_object_size(rules), 0);
	json_decref(rules);
	kit_free(kit);
}

/* ---- subscriptions ---- */

Test(ctl_changes, a_subscription_is_ended_for_good)
{
	static const char *const siem[] = { "--subscription", "siem", NULL };
	struct kit *kit = kit_started(MODULE, NULL);
	struct kit_reader *reader = kit_read(kit, MODULE, siem);

	kit_attached(kit, MODULE, "siem");
	kit_reader_stop(reader, SIGTERM);
	cr_expect(pinned(kit, MODULE "/subscriptions/siem"));
	free(pulsarctl_text(kit, WORDS("subscriptions", "remove", MODULE, "siem")));
	cr_expect(!pinned(kit, MODULE "/subscriptions/siem"));
	pulsarctl_fails(kit, WORDS("subscriptions", "remove", MODULE, "siem"), "no subscription");
	pulsarctl_fails(kit, WORDS("subscriptions", "remove", MODULE, "default"), "default");
	kit_reader_free(reader);
	kit_free(kit);
}
