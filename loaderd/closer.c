// SPDX-License-Identifier: Apache-2.0
/* Threads that close what others sent. */
#include "closer.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define CLOSER_STACK (64 * 1024)

struct closer {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct closer_job *queue;
	struct closer_job **queue_end;
	struct closer_job *running;
	unsigned int threads;
	unsigned int idle;
	unsigned int threads_max;
	bool stopping;
};

static void closer_destroy(struct closer *closer)
{
	pthread_cond_destroy(&closer->work);
	pthread_mutex_destroy(&closer->lock);
	free(closer);
}

static struct closer_job *closer_take(struct closer *closer)
{
	struct closer_job *job = closer->queue;

	closer->queue = job->next;
	if (!closer->queue)
		closer->queue_end = &closer->queue;
	job->next = closer->running;
	closer->running = job;
	return job;
}

static void closer_done(struct closer *closer, struct closer_job *job)
{
	struct closer_job **at = &closer->running;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	free(job);
}

static void closer_job_run(const struct closer_job *job)
{
	for (unsigned int i = 0; i < job->count; i++)
		close(job->fd[i]);
}

/* True: there is a job. False: the thread is not needed any more; one that idles is enough. */
static bool closer_wait(struct closer *closer)
{
	while (!closer->queue) {
		if (closer->stopping || closer->idle)
			return false;
		closer->idle++;
		pthread_cond_wait(&closer->work, &closer->lock);
		closer->idle--;
	}
	return true;
}

static void *closer_thread(void *arg);

/* Signals are the loop's, so the thread has them all blocked from its start. */
static int closer_start(struct closer *closer)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, old;
	int err;

	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, CLOSER_STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, &attr, closer_thread, closer);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

/*
 * So that no job waits for one that is blocked. If no thread can be had, it waits for a
 * later call.
 */
static void closer_ensure(struct closer *closer)
{
	if (closer->queue && !closer->idle && closer->threads < closer->threads_max &&
	    closer_start(closer) == 0)
		closer->threads++;
}

static void *closer_thread(void *arg)
{
	struct closer *closer = arg;
	bool last;

	pthread_mutex_lock(&closer->lock);
	while (closer_wait(closer)) {
		struct closer_job *job = closer_take(closer);

		closer_ensure(closer);
		pthread_mutex_unlock(&closer->lock);
		closer_job_run(job);
		pthread_mutex_lock(&closer->lock);
		closer_done(closer, job);
	}
	closer->threads--;
	last = closer->stopping && !closer->threads;
	pthread_mutex_unlock(&closer->lock);
	if (last)
		closer_destroy(closer);
	return NULL;
}

struct closer *closer_new(unsigned int threads_max)
{
	struct closer *closer = calloc(1, sizeof(*closer));

	if (!closer)
		return NULL;
	pthread_mutex_init(&closer->lock, NULL);
	pthread_cond_init(&closer->work, NULL);
	closer->queue_end = &closer->queue;
	closer->threads_max = threads_max;
	return closer;
}

struct closer_job *closer_job_new(uid_t uid)
{
	struct closer_job *job = calloc(1, sizeof(*job));

	if (job)
		job->uid = uid;
	return job;
}

void closer_close(struct closer *closer, struct closer_job *job)
{
	pthread_mutex_lock(&closer->lock);
	job->next = NULL;
	*closer->queue_end = job;
	closer->queue_end = &job->next;
	closer_ensure(closer);
	pthread_cond_signal(&closer->work);
	pthread_mutex_unlock(&closer->lock);
}

static unsigned int closer_count(const struct closer_job *job, uid_t uid, unsigned int *total)
{
	unsigned int count = 0;

	for (; job; job = job->next) {
		count += job->uid == uid;
		(*total)++;
	}
	return count;
}

unsigned int closer_pending(struct closer *closer, uid_t uid, unsigned int *total)
{
	unsigned int count;

	*total = 0;
	pthread_mutex_lock(&closer->lock);
	count = closer_count(closer->queue, uid, total);
	count += closer_count(closer->running, uid, total);
	pthread_mutex_unlock(&closer->lock);
	return count;
}

void closer_free(struct closer *closer)
{
	bool last;

	if (!closer)
		return;
	pthread_mutex_lock(&closer->lock);
	closer->stopping = true;
	pthread_cond_broadcast(&closer->work);
	last = !closer->threads;
	/* Without a thread, nobody else would: the process ends anyway. */
	while (last && closer->queue) {
		struct closer_job *job = closer_take(closer);

		closer_job_run(job);
		closer_done(closer, job);
	}
	pthread_mutex_unlock(&closer->lock);
	if (last)
		closer_destroy(closer);
}
