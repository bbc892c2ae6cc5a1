// SPDX-License-Identifier: Apache-2.0
/* The program; all of it can be linked by a test but this. */
#include "daemon.h"

#ifdef __SANITIZE_ADDRESS__
const char *__asan_default_options(void);

/*
 * The search for leaks at the end traces the process, and one that is confined cannot be. What was
 * freed is kept for a while: so little of it that a process which grows for another reason is seen.
 */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:quarantine_size_mb=1";
}
#endif

int main(int argc, char **argv)
{
	return daemon_main(argc, argv);
}
