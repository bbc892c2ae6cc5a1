// SPDX-License-Identifier: Apache-2.0
/* Reads libbpf's warnings, whose texts are those of libbpf 1.1 to 1.5. */
#include "loadlog.h"

#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

#define LOADLOG_PREFIX	 "libbpf: "
#define LOADLOG_PROGRAM	 "prog '"
#define LOADLOG_VERIFIER "-- BEGIN PROG LOAD LOG --\n"
#define LOADLOG_END	 "-- END PROG LOAD LOG --"

/* Objects may be loaded by several threads at once. */
static _Thread_local struct loadlog *loadlog_current;

/* Statistics at the end of a verifier's log (print_verification_stats(), kernel/bpf/verifier.c). */
static bool loadlog_is_statistics(const char *line, size_t len)
{
	static const char *const starts[] = { "processed ", "verification time ", "stack depth ",
					      LOADLOG_END };

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (len >= strlen(starts[i]) && !strncmp(line, starts[i], strlen(starts[i])))
			return true;
	return len == 0;
}

/*
 * The line that tells: the verifier stops at its first objection, which is
 * therefore the last line before the statistics.
 */
static void loadlog_telling_line(const char *text, char *to, size_t room)
{
	size_t telling_len = 0, len;
	const char *telling = text;

	for (const char *line = text; *line; line += len + (line[len] == '\n')) {
		len = strcspn(line, "\n");
		if (loadlog_is_statistics(line, len))
			continue;
		telling = line;
		telling_len = len;
	}
	snprintf(to, room, "%.*s", (int)telling_len, telling);
}

/* "prog 'NAME': TEXT": NAME goes to `program`, TEXT is returned; NULL if it is not that. */
static const char *loadlog_program(const char *message, char *program, size_t room)
{
	const char *name, *end;

	if (strncmp(message, LOADLOG_PROGRAM, strlen(LOADLOG_PROGRAM)))
		return NULL;
	name = message + strlen(LOADLOG_PROGRAM);
	end = strstr(name, "': ");
	if (!end || (size_t)(end - name) >= room)
		return NULL;
	snprintf(program, room, "%.*s", (int)(end - name), name);
	return end + strlen("': ");
}

void loadlog_take(struct loadlog *log, const char *message)
{
	char program[LOADLOG_PROGRAM_LEN] = "";
	const char *text;

	if (!strncmp(message, LOADLOG_PREFIX, strlen(LOADLOG_PREFIX)))
		message += strlen(LOADLOG_PREFIX);
	text = loadlog_program(message, program, sizeof(program));
	if (!log->reason[0] || (!log->program[0] && program[0])) {
		/* The first complaint about a program is the cause; what follows is its consequences. */
		snprintf(log->program, sizeof(log->program), "%s", program);
		text = text ? text : message;
		snprintf(log->reason, sizeof(log->reason), "%.*s", (int)strcspn(text, "\n"), text);
	}
	/* ... but the verifier's log comes after "load failed", and says more. */
	if (text && !log->verifier && !strcmp(program, log->program) &&
	    !strncmp(text, LOADLOG_VERIFIER, strlen(LOADLOG_VERIFIER))) {
		loadlog_telling_line(text + strlen(LOADLOG_VERIFIER), log->reason,
				     sizeof(log->reason));
		log->verifier = true;
	}
}

/* libbpf's own debugging is thousands of lines for one object, and is dropped. */
static int loadlog_print(enum libbpf_print_level level, const char *format, va_list args)
{
	char *message;
	int n;

	if (level != LIBBPF_WARN)
		return 0;
	n = vasprintf(&message, format, args);
	if (n < 0)
		return 0;
	if (loadlog_current)
		loadlog_take(loadlog_current, message);
	message[strcspn(message, "\n")] = '\0';
	log_debug("%s", message);
	free(message);
	return n;
}

void loadlog_begin(struct loadlog *log)
{
	memset(log, 0, sizeof(*log));
	loadlog_current = log;
	libbpf_set_print(loadlog_print);
}

void loadlog_end(void)
{
	loadlog_current = NULL;
	libbpf_set_print(loadlog_print);
}
