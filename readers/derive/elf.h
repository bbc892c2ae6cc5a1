/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ElfOpened: an event that no program makes. A field with PULSAR_FIELD_ELF names a
 * file; if that is an ELF file, the event is followed by another line, ElfOpened, with
 * the same header and payload, but for the seq, which belongs to the event alone.
 *
 * The file is looked at when the line is made, with the rights and from the root of
 * the reader: it may be another one by then, and is another one for events of a
 * process in a container with the same names. Who may not read it, does not know it.
 */
#ifndef READERS_DERIVE_ELF_H
#define READERS_DERIVE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_EVENT     "ElfOpened"
/* What is not looked at unless the user says otherwise: nothing there is a file of its own. */
#define ELF_WHITELIST "/proc,/sys,/dev"

/* How files are opened: nothing that waits, nothing that becomes a terminal, no symbolic link. */
#define ELF_OPEN_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC)

struct elf;

/**
 * elf_new() - begin to look at files
 * @whitelist: absolute paths with commas between them, of what is not to be looked at, with all
 * that lies below; "": none. Outlives the result.
 *
 * Return: released with elf_free(); NULL with errno: ENOMEM.
 */
struct elf *elf_new(const char *whitelist);

/* NULL is fine. */
void elf_free(struct elf *elf);

/**
 * elf_whitelist_valid() - whether each path of a list is absolute
 * @whitelist: as for elf_new()
 */
bool elf_whitelist_valid(const char *whitelist);

/**
 * elf_whitelists() - whether a list has a path, or a directory that it lies in
 * @whitelist: as for elf_new()
 * @path: an absolute path
 */
bool elf_whitelists(const char *whitelist, const char *path);

/**
 * elf_is() - whether a path leads to an ELF file
 * @elf: remembers what it has seen, by device, inode and time of change
 * @path: any bytes, without a NUL at the end
 * @len: bytes of it
 *
 * Only regular files are opened, and what does not begin with a slash is none. Never waits for
 * a fifo or a device; a network filesystem may take its time.
 */
bool elf_is(struct elf *elf, const uint8_t *path, size_t len);

/* Files that were opened so far: what the memory does not save. */
uint64_t elf_looks(const struct elf *elf);

#endif
