/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: what managers ask of an emulator before they use it, most of which this one answers with
 * nothing: no PCI, no TPM, no CPUs to be added. I/O thread.
 */
#include <stdlib.h>
#include <string.h>
#include "block/block.h"
#include "monitor/qmp-internal.h"
#include "sysemu/runstate.h"
#include "sysemu/sysemu.h"
#include "target/arm/cpu-model.h"

void qmp_query_nothing(QmpCall *call)
{
    call->result = qmp_array_node(json_array_new());
}

void qmp_query_cpu_definitions(QmpCall *call)
{
    JsonArray *list = json_array_new();

    for (const ARMCPUModel *const *model = arm_cpu_models; *model; model++) {
        const char *name = (*model)->name;
        JsonObject *cpu = json_object_new();
        char *type = g_strconcat(name, "-arm-cpu", NULL);

        json_object_set_string_member(cpu, "name", name);
        json_object_set_string_member(cpu, "typename", type);
        json_object_set_boolean_member(cpu, "static", FALSE);
        json_object_set_boolean_member(cpu, "deprecated", FALSE);
        json_array_add_object_element(list, cpu);
        g_free(type);
    }
    call->result = qmp_array_node(list);
}

/* A model is all that it says: there are no properties to expand it to. The errors are those that managers know. */
void qmp_query_cpu_model_expansion(QmpCall *call)
{
    JsonObject *model = json_object_get_object_member(call->args, "model"), *result, *expanded;
    const char *name = json_object_get_string_member(model, "name");
    JsonNode *props = json_object_get_member(model, "props");
    bool known = false;

    for (const ARMCPUModel *const *m = arm_cpu_models; *m; m++) {
        known |= !strcmp((*m)->name, name);
    }
    if (strcmp(qmp_string(call, "type"), "full")) {
        qmp_fail(call, "The requested expansion type is not supported");
    } else if (!known) {
        qmp_fail(call, "The CPU type '%s' is not a recognized ARM CPU type", name);
    } else if (props && (!JSON_NODE_HOLDS_OBJECT(props) || json_object_get_size(json_node_get_object(props)))) {
        qmp_fail(call, "Parameter 'props' expects an empty object: CPU models have no properties");
    } else {
        result = json_object_new();
        expanded = json_object_new();
        json_object_set_string_member(expanded, "name", name);
        json_object_set_object_member(result, "model", expanded);
        call->result = qmp_object_node(result);
    }
}

void qmp_query_current_machine(QmpCall *call)
{
    JsonObject *object = json_object_new();

    json_object_set_boolean_member(object, "wakeup-suspend-support", FALSE);
    call->result = qmp_object_node(object);
}

/* ---- what there is not: the errors that managers know ---- */

void qmp_no_hotplug(QmpCall *call)
{
    qmp_fail(call, "The feature 'query-hotpluggable-cpus' is not enabled");
}

void qmp_no_wakeup(QmpCall *call)
{
    qmp_fail(call, "wake-up from suspend is not supported by this guest");
}

void qmp_no_nmi(QmpCall *call)
{
    qmp_fail(call, "machine does not provide NMIs");
}

/* ---- what happens at an event ---- */

void qmp_watchdog_set_action(QmpCall *call)
{
    watchdog_set_action(qmp_string(call, "action"));
}

void qmp_set_action(QmpCall *call)
{
    const char *reboot = qmp_string(call, "reboot"), *shutdown = qmp_string(call, "shutdown");
    const char *watchdog = qmp_string(call, "watchdog");

    if (reboot) {
        runstate_set_no_reboot(!strcmp(reboot, "shutdown"));
    }
    if (shutdown) {
        runstate_set_no_shutdown(!strcmp(shutdown, "pause"));
    }
    if (watchdog) {
        watchdog_set_action(watchdog);
    }
}

/* ---- block_resize ---- */

typedef struct Resize {
    BlockRequest block;
    QmpCall *call;
} Resize;

static void resized(BlockRequest *block, int error)
{
    Resize *r = (Resize *)block;

    if (block->problem || error) {
        qmp_fail(r->call, "%s", block->problem ? block->problem : strerror(-error));
    }
    free(block->problem);
    qmp_finish(r->call);
    g_free(r);
}

void qmp_block_resize(QmpCall *call)
{
    const char *device = qmp_string(call, "device");
    BlockBackend *blk = qmp_find_disk(call, device ? device : qmp_string(call, "node-name"));
    int64_t size = qmp_int(call, "size", 0);
    Resize *r;

    if (!blk) {
        return;
    }
    if (!blk_can_grow(blk) || size < 0 || size % 512) {
        qmp_fail(call, blk_can_grow(blk) ? "Parameter 'size' expects a multiple of 512" : "'%s' has a fixed size",
                 blk_id(blk));
        return;
    }
    r = g_new0(Resize, 1);
    r->block = (BlockRequest) { .op = BLOCK_RESIZE, .bytes = (uint64_t)size, .done = resized };
    r->call = call;
    qmp_defer(call);
    blk_submit(blk, &r->block);
}
