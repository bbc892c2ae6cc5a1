// SPDX-License-Identifier: Apache-2.0
/* The server: readers that do as they should, control, and the socket file. */
#include "server.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "serving.h"

TestSuite(server, .init = serving_setup, .fini = serving_teardown);

static struct pin_error error;

static struct server *serve_at(const char *path, gid_t admin_gid)
{
	return server_new(serving.event, path, admin_gid, NULL, &serving_ops, &serving, &error);
}

/* ---- a good client ---- */

Test(server, a_reader_gets_its_position_and_the_ring_of_each_cpu)
{
	const struct pulsar_answer_rings *answer;
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	struct got got;
	__u64 last;
	int client;
	void *ring;

	lab_emit(&serving.lab, 0, 3);
	client = serving_attach("default", &got);
	answer = got_rings(&got);
	cr_expect_eq(answer->cpus, serving.lab.cpus);
	cr_expect_eq(answer->slot, 0);
	cr_expect_eq(answer->data_pages, LAB_RING_BYTES / (unsigned long)sysconf(_SC_PAGESIZE));
	cr_expect_eq(bpf_obj_get_info_by_fd(got.fds[0], &info, &len), 0);
	cr_expect_eq(info.value_size, sizeof(struct pulsar_position));
	for (unsigned int i = 0; i < answer->count; i++) {
		struct subscription_ring shown =
			lab_ring(serving.stream, "default", answer->ring[i].cpu);

		cr_expect_eq(answer->ring[i].ring_id, shown.ring_id);
	}
	ring = lab_map_ring(got.fds[1], LAB_RING_BYTES);
	cr_expect_eq(lab_records(ring, LAB_RING_BYTES, 0, &last), 3);
	lab_unmap_ring(ring, LAB_RING_BYTES);
	cr_expect_eq(serving.attached, 1);
	got_release(&got);
	close(client);
	serving_wait(0);
	cr_expect_eq(serving.attached, 0);
}

static bool can_map_as_nobody(int fd)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(2);
		_exit(mmap(NULL, (size_t)sysconf(_SC_PAGESIZE) + LAB_RING_BYTES,
			   PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Test(server, nobody_can_map_what_a_reader_gets)
{
	struct got got;
	int client = serving_attach("default", &got);

	for (unsigned int i = 1; i < got.fds_count; i++)
		cr_expect(can_map_as_nobody(got.fds[i]));
	got_release(&got);
	close(client);
}

Test(server, a_subscription_is_made_when_it_is_asked_for)
{
	struct got got;
	int client = serving_attach("siem", &got);

	cr_expect_eq(got_rings(&got)->slot, 1);
	cr_expect_eq(lab_slots(&serving.lab), 3);
	got_release(&got);
	close(client);
}

Test(server, the_second_reader_is_told_who_holds_the_subscription)
{
	const struct pulsar_answer_error *answer;
	struct got got;
	int first = serving_attach("default", &got), second = client_connect(serving.path);

	got_release(&got);
	client_ask(second, "default", serving.lab.maps.events);
	client_get(serving.event, second, &got);
	answer = got_error(&got);
	cr_expect_eq(answer->error, EBUSY);
	cr_expect_eq(answer->holder_pid, (__u32)getpid());
	cr_expect_eq(answer->holder_uid, getuid());
	cr_expect(strstr(answer->text, "default"));
	client_ended(serving.event, second);
	close(second);
	close(first);
}

Test(server, the_lease_ends_with_the_connection_even_before_the_loop_has_seen_it)
{
	struct got got;

	for (int i = 0; i < 20; i++) {
		int client = serving_attach("default", &got);

		got_release(&got);
		close(client);
	}
	serving_wait(0);
	cr_expect_eq(serving.attached, 0);
}

Test(server, one_process_with_two_subscriptions_is_attached_until_the_last_ends)
{
	struct got got;
	int first = serving_attach("default", &got), second;

	got_release(&got);
	second = serving_attach("siem", &got);
	got_release(&got);
	cr_expect_eq(serving.attached, 1);
	close(first);
	serving_wait(1);
	cr_expect_eq(serving.attached, 1);
	close(second);
	serving_wait(0);
	cr_expect_eq(serving.attached, 0);
}

Test(server, a_reader_whose_subscription_is_stopped_loses_its_connection)
{
	struct got got;
	int client = serving_attach("siem", &got);

	got_release(&got);
	cr_assert_eq(stream_stop(serving.stream, "siem", &error), 0);
	client_ended(serving.event, client);
	cr_expect_eq(serving.attached, 0);
	close(client);
}

Test(server, readers_of_a_stream_that_ends_lose_their_connections)
{
	struct got got;
	int client = serving_attach("default", &got);

	got_release(&got);
	stream_free(serving.stream);
	serving.stream = NULL;
	client_ended(serving.event, client);
	close(client);
	client = client_connect(serving.path);
	client_ask(client, "default", serving.lab.maps.events);
	client_get(serving.event, client, &got);
	cr_expect_eq(got_error(&got)->error, EACCES);
	close(client);
}

Test(server, without_new_rings_there_is_nothing_to_push)
{
	struct got got;
	int client = serving_attach("default", &got);

	got_release(&got);
	cr_expect_eq(server_push_rings(serving.server, serving.stream), 0);
	close(client);
}

/* ---- control ---- */

static int ask_control(const char *json, struct got *got)
{
	char message[4096];
	struct pulsar_wire wire = { .magic = PULSAR_WIRE_MAGIC,
				    .version = PULSAR_WIRE_VERSION,
				    .type = PULSAR_ASK_CONTROL,
				    .size = (__u32)(sizeof(wire) + strlen(json)) };
	int client = client_connect(serving.path);

	memcpy(message, &wire, sizeof(wire));
	strcpy(message + sizeof(wire), json);
	client_send(client, message, wire.size, NULL, 0);
	if (serving.event)
		client_get(serving.event, client, got);
	else
		got->len = recv(client, got->bytes, sizeof(got->bytes), 0);
	return client;
}

Test(server, root_is_answered_in_json)
{
	struct got got;
	const struct pulsar_wire *wire = (const void *)got.bytes;
	int client = ask_control("{\"op\":\"status\"}", &got);

	cr_assert_eq(wire->type, PULSAR_ANSWER_CONTROL);
	cr_assert_eq(wire->size, got.len);
	cr_expect_eq(memcmp(got.bytes + sizeof(*wire), "{\"op\":\"status\"}", 15), 0);
	close(client);
	client = ask_control("[1]", &got);
	cr_expect_eq(got_error(&got)->error, EINVAL);
	close(client);
	client = ask_control("{big}", &got);
	cr_expect_eq(got_error(&got)->error, EMSGSIZE);
	close(client);
}

/* 0: answered; else the errno of the refusal. In a child, whose parent runs the loop. */
static int control_error(void)
{
	static struct got got;
	const struct pulsar_answer_error *answer = (const void *)got.bytes;

	serving.event = NULL;
	ask_control("{}", &got);
	return answer->wire.type == PULSAR_ANSWER_ERROR ? answer->error : 0;
}

Test(server, others_may_not_control)
{
	chmod(serving.folder, 0755);
	cr_expect_eq(serving_as_uid(65534, control_error), EACCES);
}

Test(server, members_of_the_admin_group_may_control)
{
	chmod(serving.folder, 0755);
	server_free(serving.server);
	serving.server = serve_at(serving.path, 65534);
	cr_assert(serving.server);
	cr_expect_eq(serving_as_uid(65534, control_error), 0);
	cr_expect_eq(serving_as_uid(65533, control_error), EACCES);
}

/* ---- the socket file ---- */

Test(server, everyone_may_connect)
{
	struct stat st;

	cr_assert_eq(stat(serving.path, &st), 0);
	cr_expect(S_ISSOCK(st.st_mode));
	cr_expect_eq(st.st_mode & 07777, 0666);
}

Test(server, the_directory_is_made)
{
	char deeper[128], socket_path[140];
	struct stat st;
	struct server *second;

	snprintf(deeper, sizeof(deeper), "%s/run", serving.folder);
	snprintf(socket_path, sizeof(socket_path), "%s/s", deeper);
	second = serve_at(socket_path, (gid_t)-1);
	cr_assert(second, "%s", error.text);
	cr_assert_eq(stat(deeper, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0755);
	server_free(second);
	cr_expect_lt(stat(socket_path, &st), 0);
	rmdir(deeper);
}

Test(server, a_second_loaderd_is_told)
{
	cr_expect_null(serve_at(serving.path, (gid_t)-1));
	cr_expect_eq(errno, EADDRINUSE);
	cr_expect(strstr(error.text, "another loaderd"), "%s", error.text);
	serving_expect_served();
}

/* Binds and dies, as a loaderd that is killed. */
static void leave_socket(const char *at)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	strncpy(address.sun_path, at, sizeof(address.sun_path) - 1);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	close(fd);
}

Test(server, a_socket_that_was_left_behind_is_replaced)
{
	server_free(serving.server);
	serving.server = NULL;
	leave_socket(serving.path);
	serving_limit(NULL);
	serving_expect_served();
}

Test(server, what_is_not_a_socket_of_ours_stays)
{
	struct stat st;

	server_free(serving.server);
	serving.server = NULL;
	close(open(serving.path, O_CREAT | O_WRONLY, 0600));
	cr_expect_null(serve_at(serving.path, (gid_t)-1));
	cr_expect_eq(errno, EEXIST);
	cr_expect_eq(stat(serving.path, &st), 0);
	unlink(serving.path);
	leave_socket(serving.path);
	cr_assert_eq(chown(serving.path, 65534, 65534), 0);
	cr_expect_null(serve_at(serving.path, (gid_t)-1));
	cr_expect_eq(errno, EEXIST);
	unlink(serving.path);
}

Test(server, a_directory_that_others_can_write_is_refused)
{
	server_free(serving.server);
	serving.server = NULL;
	chmod(serving.folder, 0777);
	cr_expect_null(serve_at(serving.path, (gid_t)-1));
	cr_expect_eq(errno, EPERM);
}

Test(server, a_path_that_does_not_fit_is_refused)
{
	char longer[200];

	memset(longer, 'x', sizeof(longer));
	longer[0] = '/';
	longer[199] = '\0';
	cr_expect_null(serve_at(longer, (gid_t)-1));
	cr_expect_eq(errno, ENAMETOOLONG);
	cr_expect_null(serve_at("relative/s", (gid_t)-1));
	cr_expect_eq(errno, EINVAL);
}
