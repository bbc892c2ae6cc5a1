/* SPDX-License-Identifier: Apache-2.0 */
/* The life of pulsar-reader. */
#ifndef READERS_READER_H
#define READERS_READER_H

enum reader_status {
	READER_OK = 0,
	READER_FAILED = 1,
	READER_USAGE = 2,
	READER_HELD = 3, /* another reader has the subscription */
};

/**
 * reader_main() - be pulsar-reader
 * @argc: of main()
 * @argv: of main()
 *
 * Return: exit status, enum reader_status.
 */
int reader_main(int argc, char **argv);

#endif
