// SPDX-License-Identifier: Apache-2.0
/* Reads the level of lockdown. */
#include "lockdown.h"

#include <stdio.h>
#include <string.h>

static bool lockdown_file_has(const char *path, const char *word)
{
	FILE *file = fopen(path, "re");
	char text[4096] = "";
	size_t n;

	if (!file)
		return false;
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	return strstr(text, word);
}

bool lockdown_confidential(void)
{
	/* The level in force stands in brackets. */
	return lockdown_file_has("/sys/kernel/security/lockdown", "[confidentiality]") ||
	       lockdown_file_has("/proc/cmdline", "lockdown=confidentiality");
}
