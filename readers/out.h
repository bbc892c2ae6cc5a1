/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block of memory that finished lines are gathered in before they are
 * written. It never grows: an encoder that finds no room says so, and the
 * caller writes out what there is.
 */
#ifndef READERS_OUT_H
#define READERS_OUT_H

#include <stddef.h>

/*
 * Room for the longest line of an honest record: 64 KiB of bytes that all
 * need an escape and a hexadecimal copy. Pages that no line reaches cost nothing.
 */
#define OUT_CAPACITY (1024 * 1024)
/* Write the lines out at the latest when so many bytes are there. */
#define OUT_FLUSH    (64 * 1024)
/* Bytes behind `capacity` that appenders may scribble on: they copy in blocks. */
#define OUT_SLACK    64

struct out {
	char *data;
	size_t len;	 /* bytes of whole lines */
	size_t capacity; /* of data, without the slack */
};

/**
 * out_init() - allocate the block
 * @out: storage of the caller, released with out_release()
 * @capacity: bytes; OUT_CAPACITY unless a test wants to see it full
 *
 * Return: 0 or -ENOMEM.
 */
int out_init(struct out *out, size_t capacity);

/**
 * out_consume() - forget bytes at the front that were written
 * @out: the block
 * @len: bytes, at most out->len
 *
 * What a short write left moves to the front.
 */
void out_consume(struct out *out, size_t len);

/**
 * out_release() - free the block
 * @out: the block; one that is all zero is fine, and so is NULL
 */
void out_release(struct out *out);

#endif
