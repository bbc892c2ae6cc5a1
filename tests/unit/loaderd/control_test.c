// SPDX-License-Identifier: Apache-2.0
/* Requests of pulsarctl: what is refused, and that each answer is JSON. */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "control.h"
#include "modules.h"

static int reload_fails(void *arg, struct pin_error *error)
{
	(void)arg;
	strcpy(error->text, "pulsar.conf:7: bad \xff bytes\n");
	return -EINVAL;
}

static int reload_works(void *arg, struct pin_error *error)
{
	(void)error;
	return *(int *)arg;
}

struct control_lab {
	struct config *config;
	struct modules *modules;
	struct control control;
	int wrong;
};

static void lab_make(struct control_lab *lab)
{
	memset(lab, 0, sizeof(*lab));
	lab->config = config_new();
	lab->modules = modules_new(NULL, 1);
	cr_assert(lab->config && lab->modules);
	lab->control = (struct control){
		.modules = lab->modules,
		.config = lab->config,
		.reload = reload_works,
		.arg = &lab->wrong,
	};
}

static void lab_free(struct control_lab *lab)
{
	modules_free(lab->modules);
	config_free(lab->config);
}

static json_t *ask(const struct control_lab *lab, const char *request, size_t len)
{
	char *answer = NULL;
	json_t *json;

	cr_assert_eq(control_answer(&lab->control, request, len, &answer), 0);
	json = json_loads(answer, 0, NULL);
	cr_assert(json_is_object(json), "%s", answer);
	free(answer);
	return json;
}

static const struct {
	const char *request;
	const char *error;
} refused_rows[] = {
	{ "", "not a JSON object" },
	{ "[]", "not a JSON object" },
	{ "{", "not a JSON object" },
	{ "{\"request\":\"names\"} trailing", "not a JSON object" },
	{ "{\"request\":\"names\",\"request\":\"stop\"}", "not a JSON object" },
	{ "{}", "\"request\" is missing" },
	{ "{\"request\":1}", "\"request\" is not a string" },
	{ "{\"request\":\"no-such\"}", "there is no such request" },
	{ "{\"request\":\"start\"}", "\"module\" is missing" },
	{ "{\"request\":\"start\",\"module\":7}", "\"module\" is not a string" },
	{ "{\"request\":\"stop\",\"module\":\"x\"}", "there is no module x" },
	{ "{\"request\":\"subscriptions\",\"module\":\"x\"}", "there is no module x" },
	{ "{\"request\":\"subscription-remove\",\"module\":\"x\"}", "\"subscription\" is missing" },
	{ "{\"request\":\"subscription-remove\",\"module\":\"x\",\"subscription\":\"y\"}",
	  "there is no module x with subscriptions" },
	{ "{\"request\":\"teardown\",\"module\":\"../x\"}", "there is no module ../x" },
};

Test(control, what_is_refused_is_told_in_one_sentence)
{
	struct control_lab lab;

	lab_make(&lab);
	for (size_t i = 0; i < sizeof(refused_rows) / sizeof(*refused_rows); i++) {
		json_t *answer =
			ask(&lab, refused_rows[i].request, strlen(refused_rows[i].request));

		cr_expect(json_is_false(json_object_get(answer, "ok")), "row %zu", i);
		cr_expect_str_eq(json_string_value(json_object_get(answer, "error")),
				 refused_rows[i].error);
		json_decref(answer);
	}
	lab_free(&lab);
}

Test(control, names_of_modules_are_a_list)
{
	static const char request[] = "{\"request\":\"names\"}";
	struct control_lab lab;
	json_t *answer;

	lab_make(&lab);
	answer = ask(&lab, request, strlen(request));
	cr_expect(json_is_true(json_object_get(answer, "ok")));
	cr_expect_eq(json_array_size(json_object_get(answer, "names")), 0);
	json_decref(answer);
	lab_free(&lab);
}

Test(control, a_reload_tells_how_many_modules_were_wrong)
{
	static const char request[] = "{\"request\":\"reload\"}";
	struct control_lab lab;
	json_t *answer;

	lab_make(&lab);
	lab.wrong = 2;
	answer = ask(&lab, request, strlen(request));
	cr_expect(json_is_true(json_object_get(answer, "ok")));
	cr_expect_eq(json_integer_value(json_object_get(answer, "wrong")), 2);
	json_decref(answer);
	lab_free(&lab);
}

Test(control, an_error_with_any_bytes_is_valid_json)
{
	static const char request[] = "{\"request\":\"reload\"}";
	struct control_lab lab;
	json_t *answer;

	lab_make(&lab);
	lab.control.reload = reload_fails;
	answer = ask(&lab, request, strlen(request));
	cr_expect(json_is_false(json_object_get(answer, "ok")));
	cr_expect_str_eq(json_string_value(json_object_get(answer, "error")),
			 "pulsar.conf:7: bad ? bytes?");
	json_decref(answer);
	lab_free(&lab);
}
