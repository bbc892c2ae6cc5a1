// SPDX-License-Identifier: Apache-2.0
/*
 * The families, one function each, in a table. Names follow
 * https://prometheus.io/docs/practices/naming/ and are a promise: they only grow.
 */
#include <string.h>

#include "answer.h"
#include "metrics.h"

/* Calls for each module, and for each subscription of each module. */
#define EACH_MODULE(m, metrics)                                       \
	for (const struct facts_module *m = (metrics)->facts.modules; \
	     m && m < (metrics)->facts.modules + (metrics)->facts.count; m++)
#define EACH_SUBSCRIPTION(s, m)                                       \
	for (const struct facts_subscription *s = (m)->subscriptions; \
	     s < (m)->subscriptions + (m)->subscriptions_count; s++)

/* ---- loaderd ---- */

static void write_up(const struct metrics *metrics, struct samples *out)
{
	sample(out, metrics->facts.loaderd ? 1 : 0, NULL);
}

static void write_info(const struct metrics *metrics, struct samples *out)
{
	if (metrics->facts.loaderd)
		sample(out, 1, "version", answer_text(metrics->facts.loaderd, "version"), NULL);
}

static void write_restarts(const struct metrics *metrics, struct samples *out)
{
	if (metrics->facts.loaderd)
		sample(out, (double)answer_number(metrics->facts.loaderd, "restarts"), NULL);
}

static void write_connections(const struct metrics *metrics, struct samples *out)
{
	if (metrics->facts.loaderd)
		sample(out, (double)answer_number(metrics->facts.loaderd, "connections"), NULL);
}

static void write_loaderd_memory(const struct metrics *metrics, struct samples *out)
{
	if (metrics->loaderd_memory)
		sample(out, (double)metrics->loaderd_memory, NULL);
}

/* ---- modules ---- */

static void write_running(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	if (m->shown)
		sample(out, !strcmp(facts_state(m), "running"), "module", m->name, NULL);
}

static void write_pinned(const struct metrics *metrics, struct samples *out)
{
	if (!metrics->objects)
		return;
	EACH_MODULE(m, metrics)
	sample(out, m->pinned, "module", m->name, NULL);
}

static void write_generation(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	if (m->described)
		sample(out, m->meta.generation, "module", m->name, NULL);
}

static void write_loaded(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	if (m->described)
		sample(out, metrics->boot_time + (double)m->meta.loaded_ns / 1e9, "module", m->name,
		       NULL);
}

static void write_adoptions(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	if (m->shown)
		sample(out, (double)answer_number(m->shown, "adoptions"), "module", m->name, NULL);
}

static void write_hooks(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	{
		json_t *hooks = facts_hooks(m);
		const json_t *hook;
		size_t i;

		json_array_foreach(hooks, i, hook)
			if (*answer_text(hook, "variant"))
				sample(out, 1, "module", m->name, "hook", answer_text(hook, "hook"),
				       "variant", answer_text(hook, "variant"), NULL);
		json_decref(hooks);
	}
}

/* ---- events ---- */

static void write_produced(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	if (m->counted)
		sample(out, (double)m->produced, "module", m->name, NULL);
}

static void write_filtered(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	if (m->counted)
		sample(out, (double)m->filtered, "module", m->name, NULL);
}

static void write_delivered(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	EACH_SUBSCRIPTION(s, m)
	if (s->positioned)
		sample(out, (double)s->delivered, "module", m->name, "subscription", s->name, NULL);
}

static void write_lost(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	EACH_SUBSCRIPTION(s, m)
	for (int cause = 0; s->positioned && cause < PULSAR_LOST_CAUSES; cause++)
		sample(out, (double)s->lost[cause], "module", m->name, "subscription", s->name,
		       "cause", facts_cause(cause), NULL);
}

static void write_waiting(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	EACH_SUBSCRIPTION(s, m)
	if (s->positioned)
		sample(out, (double)s->waiting, "module", m->name, "subscription", s->name, NULL);
}

/* ---- rings ---- */

static void write_held(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	EACH_SUBSCRIPTION(s, m)
	if (s->served)
		sample(out, s->holder_pid ? 1 : 0, "module", m->name, "subscription", s->name,
		       NULL);
}

static void write_ring_size(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	EACH_SUBSCRIPTION(s, m)
	if (s->served)
		sample(out, (double)s->ring_bytes * s->rings, "module", m->name, "subscription",
		       s->name, NULL);
}

static void write_ring_used(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	EACH_SUBSCRIPTION(s, m)
	if (s->served)
		sample(out, (double)s->fill_bytes, "module", m->name, "subscription", s->name,
		       NULL);
}

static void write_ring_fullest(const struct metrics *metrics, struct samples *out)
{
	EACH_MODULE(m, metrics)
	EACH_SUBSCRIPTION(s, m)
	if (s->served && s->ring_bytes)
		sample(out, (double)s->fullest_bytes / (double)s->ring_bytes, "module", m->name,
		       "subscription", s->name, NULL);
}

/* ---- programs and maps ---- */

/* Calls write(program) for each program of each module. */
static void each_program(const struct metrics *metrics, struct samples *out,
			 void (*write)(const struct object_program *p, const char *module,
				       struct samples *out))
{
	for (size_t i = 0; metrics->objects && i < metrics->facts.count; i++)
		for (size_t p = 0; p < metrics->objects[i].programs_count; p++)
			write(&metrics->objects[i].programs[p], metrics->facts.modules[i].name,
			      out);
}

static void program_seconds(const struct object_program *p, const char *module, struct samples *out)
{
	sample(out, (double)p->run_time_ns / 1e9, "module", module, "program", p->name, NULL);
}

static void program_runs(const struct object_program *p, const char *module, struct samples *out)
{
	sample(out, (double)p->run_count, "module", module, "program", p->name, NULL);
}

static void program_missed(const struct object_program *p, const char *module, struct samples *out)
{
	sample(out, (double)p->missed, "module", module, "program", p->name, NULL);
}

static void program_memory(const struct object_program *p, const char *module, struct samples *out)
{
	sample(out, (double)p->memory_bytes, "module", module, "program", p->name, NULL);
}

static void write_seconds(const struct metrics *metrics, struct samples *out)
{
	if (metrics->run_time_counted)
		each_program(metrics, out, program_seconds);
}

static void write_runs(const struct metrics *metrics, struct samples *out)
{
	if (metrics->run_time_counted)
		each_program(metrics, out, program_runs);
}

static void write_missed(const struct metrics *metrics, struct samples *out)
{
	each_program(metrics, out, program_missed);
}

static void write_program_memory(const struct metrics *metrics, struct samples *out)
{
	each_program(metrics, out, program_memory);
}

static void write_map_memory(const struct metrics *metrics, struct samples *out)
{
	for (size_t i = 0; metrics->objects && i < metrics->facts.count; i++)
		for (size_t m = 0; m < metrics->objects[i].maps_count; m++)
			sample(out, (double)metrics->objects[i].maps[m].memory_bytes, "module",
			       metrics->facts.modules[i].name, "map",
			       metrics->objects[i].maps[m].name, NULL);
}

/* ---- the table ---- */

static const struct {
	struct samples_family family;
	void (*write)(const struct metrics *metrics, struct samples *out);
} metrics_families[] = {
	{ { "pulsar_loaderd_up", "gauge", "Whether pulsar-loaderd answers." }, write_up },
	{ { "pulsar_loaderd_info", "gauge", "Version of pulsar-loaderd." }, write_info },
	{ { "pulsar_loaderd_restarts_total", "counter",
	    "Starts of pulsar-loaderd that took over pins of another." },
	  write_restarts },
	{ { "pulsar_loaderd_connections", "gauge", "Clients connected to pulsar-loaderd." },
	  write_connections },
	{ { "pulsar_loaderd_resident_memory_bytes", "gauge", "Resident memory of pulsar-loaderd." },
	  write_loaderd_memory },
	{ { "pulsar_module_running", "gauge", "Whether the module runs, as pulsar-loaderd says." },
	  write_running },
	{ { "pulsar_module_pinned", "gauge", "Whether the module is pinned: its programs run." },
	  write_pinned },
	{ { "pulsar_module_generation", "gauge", "Generation of the module: grows with upgrades." },
	  write_generation },
	{ { "pulsar_module_loaded_time_seconds", "gauge",
	    "When the generation was loaded, in seconds since 1970." },
	  write_loaded },
	{ { "pulsar_module_adoptions_total", "counter",
	    "How often another pulsar-loaderd took the module over." },
	  write_adoptions },
	{ { "pulsar_module_hook_info", "gauge", "Which variant each hook has." }, write_hooks },
	{ { "pulsar_events_produced_total", "counter", "Events that programs made." },
	  write_produced },
	{ { "pulsar_events_filtered_total", "counter",
	    "Events that filters dropped; not among those produced." },
	  write_filtered },
	{ { "pulsar_events_delivered_total", "counter",
	    "Events that readers of the subscription have written out, as they say." },
	  write_delivered },
	{ { "pulsar_events_lost_total", "counter", "Events that the subscription lost." },
	  write_lost },
	{ { "pulsar_events_waiting", "gauge", "Events neither delivered nor lost." },
	  write_waiting },
	{ { "pulsar_subscription_held", "gauge", "Whether a reader has the subscription." },
	  write_held },
	{ { "pulsar_ring_size_bytes", "gauge", "Size of the subscription's rings together." },
	  write_ring_size },
	{ { "pulsar_ring_used_bytes", "gauge", "Bytes in these rings that are not read yet." },
	  write_ring_used },
	{ { "pulsar_ring_fullest_ratio", "gauge", "How full the fullest of these rings is." },
	  write_ring_fullest },
	{ { "pulsar_program_run_seconds_total", "counter",
	    "Run time of the program, if the kernel counts it (kernel.bpf_stats_enabled)." },
	  write_seconds },
	{ { "pulsar_program_runs_total", "counter",
	    "Runs of the program, if the kernel counts them (kernel.bpf_stats_enabled)." },
	  write_runs },
	{ { "pulsar_program_missed_runs_total", "counter",
	    "Runs that the kernel left out, because the program ran on that CPU already." },
	  write_missed },
	{ { "pulsar_program_memory_bytes", "gauge", "Memory of the program." },
	  write_program_memory },
	{ { "pulsar_map_memory_bytes", "gauge", "Memory of the pinned map." }, write_map_memory },
};

void metrics_write(const struct metrics *metrics, struct samples *samples)
{
	for (size_t i = 0; i < sizeof(metrics_families) / sizeof(metrics_families[0]); i++) {
		samples_begin(samples, &metrics_families[i].family);
		metrics_families[i].write(metrics, samples);
	}
}
