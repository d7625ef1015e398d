/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the line editor and the commands of the monitor share. I/O thread. */
#ifndef MONITOR_MONITOR_INTERNAL_H
#define MONITOR_MONITOR_INTERNAL_H
#include <stdbool.h>
#include <glib.h>
#include "monitor/monitor.h"

enum { MON_LINE_MAX = 64 * 1024, MON_HISTORY = 32 };

typedef struct Monitor {
    Chardev *chr;                       /* NULL: what is printed is collected */
    GString *collected;
    MachineState *machine;
    int cpu;                            /* the one that x and "info registers" look at */
    bool shown;                         /* the banner has been printed */
    GString *line;                      /* being typed */
    size_t cursor;                      /* 0 to its length */
    bool too_long;                      /* it has lost characters */
    int escape;                         /* bytes seen of a terminal's escape sequence */
    uint8_t parameter;                  /* the digit in it; 0: none, or several */
    char *history[MON_HISTORY];         /* newest first; NULL: none */
    int history_at;                     /* -1: not browsing */
    bool suspended;                     /* a command is under way that ends later */
    /* chr is NULL: called with what was printed when the line is done; NULL: who gave the line does not wait */
    void (*line_done)(void *opaque, const char *text);
    void *opaque;
} Monitor;

void monitor_printf(Monitor *mon, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void monitor_puts(Monitor *mon, const char *text);
/* Carry out one line that looks at that CPU. done(): what it printed, with LF at line ends; perhaps later. */
void monitor_line(MachineState *machine, int cpu, const char *line, void (*done)(void *opaque, const char *text),
                  void *opaque);
/* A command that ends later: may it (if not, a line says so), it does, it has ended. */
bool monitor_can_wait(Monitor *mon);
void monitor_suspend(Monitor *mon);
void monitor_resume(Monitor *mon);

/* monitor/fds.c: descriptors by name. False: there are too many; take: -1: there is none; close: whether there was. */
bool monitor_put_fd(const char *name, int fd);
int monitor_take_fd(const char *name);
bool monitor_close_fd(const char *name);
/* "fd:NAME" with the number of that descriptor, which is the migration's from now on; others as they are; g_free(). */
char *monitor_migration_uri(const char *uri);
/* Carry out one line. */
void hmp_execute(Monitor *mon, const char *line);
/* The name of each command, or of each item of "info". */
void hmp_each_command(bool info, void (*fn)(void *opaque, const char *name), void *opaque);
/* monitor/hmp-words.c. Everything up to a blank or one of `stop`, *at behind it (g_free); NULL: nothing is left. */
char *hmp_next_word(const char **at, const char *stop);
/* All words of the text are added, those between quotes as one. False: one has no end. */
bool hmp_add_words(GPtrArray *args, const char *at);
/* "/4xw $sp + 4", "$sp": the format, perhaps empty, and the expression, if there is one. */
void hmp_add_format(GPtrArray *args, const char *at);

/*
 * monitor/hmp-complete.c: what the line's last word, which begins at *word, may become (g_ptr_array_unref()); sorted.
 */
GPtrArray *hmp_completions(const char *line, const char **word);

/* monitor/hmp-expr.c: what the text comes to; returns NULL, or what is wrong with it. */
const char *hmp_expression(const char *text, const CPUARMState *env, int64_t *value);

/* monitor/hmp-trace.c */
void hmp_info_trace_events(Monitor *mon, char **argv);
void hmp_trace_event(Monitor *mon, char **argv);

/* monitor/hmp-tree.c */
void hmp_info_qtree(Monitor *mon, char **argv);
void hmp_info_qom_tree(Monitor *mon, char **argv);

/* monitor/hmp-devices.c: the network of that name, or that of the virtual card with that id; NULL: there is none. */
struct NetBackend *monitor_find_network(const MachineState *m, const char *name);

void hmp_qom_list(Monitor *mon, char **argv);
void hmp_qom_get(Monitor *mon, char **argv);
void hmp_qom_set(Monitor *mon, char **argv);

/* monitor/hmp-host.c */
void hmp_gpa2hva(Monitor *mon, char **argv);
void hmp_gpa2hpa(Monitor *mon, char **argv);
void hmp_dumpdtb(Monitor *mon, char **argv);
/* Write the guest's device tree to the file; NULL, or why not (g_free()). */
char *monitor_dump_dtb(const char *path);

/* monitor/hmp-gdbserver.c */
void hmp_gdbserver(Monitor *mon, char **argv);

/* monitor/hmp-maps.c */
void hmp_info_mtree(Monitor *mon, char **argv);
void hmp_info_mem(Monitor *mon, char **argv);
void hmp_info_roms(Monitor *mon, char **argv);

/* monitor/hmp-audio.c */
void hmp_wavcapture(Monitor *mon, char **argv);
void hmp_stopcapture(Monitor *mon, char **argv);
void hmp_info_capture(Monitor *mon, char **argv);

/* monitor/hmp-devices.c */
void hmp_chardev_add(Monitor *mon, char **argv);
void hmp_chardev_change(Monitor *mon, char **argv);
void hmp_chardev_remove(Monitor *mon, char **argv);
void hmp_chardev_send_break(Monitor *mon, char **argv);
void hmp_getfd(Monitor *mon, char **argv);
void hmp_closefd(Monitor *mon, char **argv);
void hmp_ringbuf_read(Monitor *mon, char **argv);
void hmp_ringbuf_write(Monitor *mon, char **argv);
void hmp_info_chardev(Monitor *mon, char **argv);
void hmp_info_block(Monitor *mon, char **argv);
void hmp_info_charlcd(Monitor *mon, char **argv);
void hmp_info_network(Monitor *mon, char **argv);
void hmp_info_usernet(Monitor *mon, char **argv);
void hmp_eject(Monitor *mon, char **argv);
void hmp_change(Monitor *mon, char **argv);
void hmp_commit(Monitor *mon, char **argv);
void hmp_block_resize(Monitor *mon, char **argv);
void hmp_block_set_io_throttle(Monitor *mon, char **argv);
/* monitor/hmp-more.c */
void hmp_info_history(Monitor *mon, char **argv);
void hmp_info_blockstats(Monitor *mon, char **argv);
void hmp_info_memory_size_summary(Monitor *mon, char **argv);
void hmp_info_dump(Monitor *mon, char **argv);
void hmp_info_stats(Monitor *mon, char **argv);
void hmp_info_kvm(Monitor *mon, char **argv);
void hmp_info_numa(Monitor *mon, char **argv);
void hmp_info_opcount(Monitor *mon, char **argv);
void hmp_info_ramblock(Monitor *mon, char **argv);
void hmp_logfile(Monitor *mon, char **argv);
void hmp_singlestep(Monitor *mon, char **argv);
void hmp_watchdog_action(Monitor *mon, char **argv);
/* Why there is no such command or item, of those that QEMU has; NULL: it has none either. */
const char *hmp_refusal(const char *name, bool info);

/* monitor/hmp-blockjob.c */
void hmp_snapshot_blkdev(Monitor *mon, char **argv);
void hmp_drive_mirror(Monitor *mon, char **argv);
void hmp_drive_backup(Monitor *mon, char **argv);
void hmp_block_stream(Monitor *mon, char **argv);
void hmp_block_job_cancel(Monitor *mon, char **argv);
void hmp_block_job_complete(Monitor *mon, char **argv);
void hmp_block_job_pause(Monitor *mon, char **argv);
void hmp_block_job_resume(Monitor *mon, char **argv);
void hmp_block_job_set_speed(Monitor *mon, char **argv);
void hmp_info_block_jobs(Monitor *mon, char **argv);
/* monitor/hmp-objects.c */
void hmp_object_add(Monitor *mon, char **argv);
void hmp_object_del(Monitor *mon, char **argv);
void hmp_netdev_add(Monitor *mon, char **argv);
void hmp_netdev_del(Monitor *mon, char **argv);
void hmp_drive_add(Monitor *mon, char **argv);
void hmp_drive_del(Monitor *mon, char **argv);
void hmp_info_memdev(Monitor *mon, char **argv);
void hmp_info_iothreads(Monitor *mon, char **argv);
/* monitor/hmp-nbd.c */
void hmp_nbd_server_start(Monitor *mon, char **argv);
void hmp_nbd_server_add(Monitor *mon, char **argv);
void hmp_nbd_server_remove(Monitor *mon, char **argv);
void hmp_nbd_server_stop(Monitor *mon, char **argv);

void hmp_set_link(Monitor *mon, char **argv);
void hmp_hostfwd_add(Monitor *mon, char **argv);
void hmp_hostfwd_remove(Monitor *mon, char **argv);

/* monitor/hmp-display.c */
void hmp_screendump(Monitor *mon, char **argv);
void hmp_sendkey(Monitor *mon, char **argv);
void hmp_mouse_move(Monitor *mon, char **argv);
void hmp_mouse_button(Monitor *mon, char **argv);
void hmp_mouse_set(Monitor *mon, char **argv);
void hmp_info_mice(Monitor *mon, char **argv);
/* monitor/hmp-balloon.c */
void hmp_balloon(Monitor *mon, char **argv);
void hmp_info_balloon(Monitor *mon, char **argv);
/* monitor/hmp-usb.c */
void hmp_device_add(Monitor *mon, char **argv);
void hmp_device_del(Monitor *mon, char **argv);
void hmp_info_usb(Monitor *mon, char **argv);
void hmp_info_usbhost(Monitor *mon, char **argv);
/* monitor/hmp-vnc.c, with CONFIG_VNC alone */
void hmp_info_vnc(Monitor *mon, char **argv);
void hmp_change_vnc(Monitor *mon, char **argv);
void hmp_set_password(Monitor *mon, char **argv);
void hmp_expire_password(Monitor *mon, char **argv);
/* now, never, +SECONDS, SECONDS since 1970 (at most INT64_MAX / 2); false: none of them. */
bool monitor_parse_expiry(const char *text, int64_t *when);
/* monitor/hmp-migration.c */
void hmp_migrate(Monitor *mon, char **argv);
void hmp_migrate_incoming(Monitor *mon, char **argv);
void hmp_migrate_cancel(Monitor *mon, char **argv);
void hmp_migrate_continue(Monitor *mon, char **argv);
void hmp_info_migrate(Monitor *mon, char **argv);
void hmp_migrate_set_parameter(Monitor *mon, char **argv);
void hmp_info_migrate_parameters(Monitor *mon, char **argv);
void hmp_migrate_set_capability(Monitor *mon, char **argv);
void hmp_info_migrate_capabilities(Monitor *mon, char **argv);
/* monitor/hmp-replay.c */
void hmp_info_replay(Monitor *mon, char **argv);
void hmp_replay_break(Monitor *mon, char **argv);
void hmp_replay_delete_break(Monitor *mon, char **argv);
void hmp_replay_seek(Monitor *mon, char **argv);
/* Why an order, of people or of programs, is not for a machine that is recorded or replayed; NULL: it is. */
const char *monitor_replay_problem(const char *command);
/* monitor/mappings.c: pages that follow each other on both sides, with the same rights (bits: read, write, execute). */
typedef struct MonitorMapping {
    uint32_t virt, phys;
    uint64_t size;
    uint8_t priv, user;
    bool global;                /* for all address spaces */
} MonitorMapping;
/* By rising virtual address; the CPUs are held. MMU off: all is mapped to itself. */
void monitor_each_mapping(CPUARMState *env, void (*fn)(void *opaque, const MonitorMapping *m), void *opaque);

/* monitor/hmp-save.c */
void hmp_memsave(Monitor *mon, char **argv);
void hmp_pmemsave(Monitor *mon, char **argv);
void hmp_dump_guest_memory(Monitor *mon, char **argv);
void hmp_sum(Monitor *mon, char **argv);
void hmp_gva2gpa(Monitor *mon, char **argv);
void hmp_port(Monitor *mon, char **argv);
void hmp_savevm(Monitor *mon, char **argv);
void hmp_loadvm(Monitor *mon, char **argv);
void hmp_delvm(Monitor *mon, char **argv);
void hmp_info_snapshots(Monitor *mon, char **argv);

/*
 * monitor/hmp-memory.c: where the address leads; false: nowhere, without rights looked at. Then `size` bytes at any
 * alignment, virtual as CPU env sees them or physical; false if one of them cannot be read. CPUs held.
 */
bool monitor_translate(CPUARMState *env, bool physical, uint32_t address, uint32_t *phys);
bool monitor_read_memory(CPUARMState *env, bool physical, uint32_t address, uint8_t *buf, unsigned size);
/* "x", "xp" and "print"; `format` is what follows the slash, or "". */
void hmp_examine(Monitor *mon, const char *format, const char *address, bool physical);
void hmp_print(Monitor *mon, const char *format, const char *expression);

/* monitor/hmp-rare.c */
void hmp_announce_self(Monitor *mon, char **argv);
void hmp_calc_dirty_rate(Monitor *mon, char **argv);
void hmp_info_dirty_rate(Monitor *mon, char **argv);
void hmp_snapshot_inside(Monitor *mon, char **argv);
void hmp_snapshot_inside_delete(Monitor *mon, char **argv);
#endif
