/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts, roots, and io_uring. */
#include "places.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rows.h"

void place_folders(void)
{
	const char *names[] = {
		"made", "bound", "lower", "upper", "work", "merged", "there", "root"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		cr_assert(!mkdir(names[i], 0755), "%s", names[i]);
}

int place_namespace(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return ROW_SKIP;
	return 0;
}

int place_bind(void)
{
	if (place_namespace() || mount("made", "bound", NULL, MS_BIND, NULL))
		return ROW_SKIP;
	return 0;
}

int place_overlay(void)
{
	if (place_namespace() ||
	    mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work"))
		return ROW_SKIP;
	return 0;
}

int place_tmpfs(void)
{
	if (place_namespace() || mount("tmpfs", "there", "tmpfs", 0, NULL))
		return ROW_SKIP;
	return 0;
}

int place_chroot(void)
{
	return chroot("root") || chdir("/") ? ROW_SKIP : 0;
}

/* io_uring_setup(2), for one request at a time. */
static int uring_do(int ring, const struct io_uring_params *p, const struct io_uring_sqe *request)
{
	size_t sq_size = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	size_t cq_size = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	size_t sqe_size = p->sq_entries * sizeof(struct io_uring_sqe);
	char *sq =
		mmap(NULL, sq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	char *cq =
		mmap(NULL, cq_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqe =
		mmap(NULL, sqe_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
	struct io_uring_cqe *cqe = (void *)(cq + p->cq_off.cqes);

	if (sq == MAP_FAILED || cq == MAP_FAILED || sqe == MAP_FAILED)
		return -ENOSYS;
	*sqe = *request;
	*(uint32_t *)(sq + p->sq_off.array) = 0;
	__atomic_store_n((uint32_t *)(sq + p->sq_off.tail), 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -ENOSYS;
	return cqe->res;
}

int uring_open(const char *path, int flags, unsigned int mode)
{
	struct io_uring_params p = { 0 };
	struct io_uring_sqe request = {
		.opcode = IORING_OP_OPENAT,
		.fd = AT_FDCWD,
		.addr = (uintptr_t)path,
		.open_flags = (uint32_t)flags,
		.len = mode,
	};
	int ring = (int)syscall(SYS_io_uring_setup, 1, &p);

	return ring < 0 ? -ENOSYS : uring_do(ring, &p, &request);
}
