// SPDX-License-Identifier: Apache-2.0
/* The program; all of it can be linked by a test but this. */
#include "daemon.h"

int main(int argc, char **argv)
{
	return daemon_main(argc, argv);
}
