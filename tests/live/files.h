/* SPDX-License-Identifier: Apache-2.0 */
/* What rows about files share: the files they need, and how their lines are written. */
#ifndef TESTS_LIVE_FILES_H
#define TESTS_LIVE_FILES_H

#define NAME(event, path)     event " {\"filename\": \"" path "\"}"
#define FILE_CREATED(path)    NAME("FileCreated", path)
#define FILE_DELETED(path)    NAME("FileDeleted", path)
#define DIR_CREATED(path)     NAME("DirCreated", path)
#define DIR_DELETED(path)     NAME("DirDeleted", path)
#define MAPPED(path)	      NAME("FileMappedExec", path)
#define OPENED(path, flags)   "FileOpened {\"filename\": \"" path "\", \"flags\": [" flags "]}"
#define PAIR(event, from, to) event " {\"source\": \"" from "\", \"destination\": \"" to "\""
#define RENAMED(from, to)     PAIR("FileRename", from, to) "}"
#define LINKED(new, to)	      PAIR("FileLink", new, to) ", \"hard_link\": true}"
#define SYMLINKED(new, to)    PAIR("FileLink", new, to) ", \"hard_link\": false}"

/* Flags of a file that file_make() opens. */
#define EXCLUSIVE "\"O_WRONLY\", \"O_CREAT\", \"O_EXCL\""

/* An empty file, which must not be there yet: not 0 if that failed. */
int file_make(const char *path);
/* For prepare(): files a, b and d/e, and directories c and d. */
void file_prepare_names(void);
/* For prepare(): place_folders(), and lower/ has a, as large as a page, c, and dir/b. */
void file_prepare_overlay(void);

#endif
