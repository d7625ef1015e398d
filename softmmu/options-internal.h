/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the command-line parser share. Main thread. */
#ifndef SOFTMMU_OPTIONS_INTERNAL_H
#define SOFTMMU_OPTIONS_INTERNAL_H
#include <stdbool.h>
#include <stdint.h>
#include <glib.h>
#include "softmmu/options.h"
#include "sysemu/option-info.h"

/* The command line as given; options_parse() turns it into Options when all of it is known. */
enum { MAX_DRIVES = OPTIONS_NODES };

/* A drive of -drive if=none or if=virtio, or a node of -blockdev. */
typedef struct DriveOption {
    BlockOptions *block;
    bool taken;                         /* some device has it */
} DriveOption;

/* An option that is to be carried out. Strings live for ever. */
typedef struct OptionItem {
    const struct OptionRow *row;
    const char *said;                   /* where it stands, for messages: "-drive", "FILE:12: -drive" */
    const char *arg;                    /* NULL: none */
} OptionItem;

typedef struct CommandLine {
    Options *o;
    GArray *items;                      /* of OptionItem: all, in their order */
    const char *option;                 /* the option at hand, with its dash */
    const char *machine;
    const char *smp_text;               /* "-smp" argument, for messages about smp */
    uint64_t smp, ram;                  /* 0: not given */
    const char *ram_text;
    const char *memory_backend;         /* id of an object; NULL: none */
    int serial_count;
    const char *serial[OPTIONS_SERIALS];
    bool nographic, nodefaults, display_said;
    const char *monitor;
    const char *vnc_secret;             /* id of the object with the password; NULL: none */
    bool snapshot;                      /* -snapshot: for all images */
    DriveOption other_drive[MAX_DRIVES];
    int drives;
    const char *accel_missing;          /* asked for before one that there is */
    bool accel_found;
    uint64_t maxcpus, slots, maxmem;    /* valid with the texts */
    const char *slots_text, *maxmem_text;
    bool msg_timestamp, msg_guest_name;
    const char *rtc_said;               /* -rtc clock=; NULL: not given */
    GHashTable *device_ids;             /* of all -device that have one; NULL: none has */
} CommandLine;

/* A row of a table of options, or of an option's properties; softmmu/option-table.c tells the rules. */
typedef struct OptionRow {
    const char *name;
    const char *argument;               /* shown by -help; NULL: takes none */
    const char *may_have;               /* a word that may follow all the same, shown by -help; NULL: none */
    void (*handle)(CommandLine *c, const char *arg);
    bool early;                         /* while the list of options is made: the option changes the list */
    const char *accepts, *instead;
    const char *warns;                  /* accepted, and a warning says `instead`; rules as in `accepts`. NULL: none */
    const char *help;                   /* NULL: `instead` */
    const char *group;                  /* instead of all others: a heading of -help */
} OptionRow;

extern const OptionRow option_rows[];   /* ends with a row without name and group */
/* The i-th row of a table that has a function. False: there are no more. */
bool option_row_info(const OptionRow *table, size_t i, OptionInfo *info);

/* One "key=value" of an option's argument; value is NULL for a bare word. */
typedef struct KeyValue {
    char *key, *value;
} KeyValue;

/* "qemu-system-arm: -opt arg: message", exit code 1; within option_attempt(): that ends, and has the message. */
_Noreturn void option_fail(const CommandLine *c, const char *arg, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/*
 * Call the option's function. NULL, or the message of the option_fail() that ended it, to be freed; what it had
 * allocated until then stays, as ever. Not one within another.
 */
char *option_attempt(CommandLine *c, void (*handle)(CommandLine *c, const char *arg), const char *arg);
/* Split at commas (",," is a comma); the array ends with key == NULL and lives for ever. Empty parts are a mistake. */
KeyValue *option_split(const CommandLine *c, const char *arg);
/* Each id= among them is an identifier (qemu/identifier.h). */
void option_check_id(const CommandLine *c, const char *arg, const KeyValue *kv);
/* In an attempt there is no help, which ends the program: it fails. */
bool option_is_help(const char *arg);
/* A whole number, decimal or 0x..; false if malformed or above max. */
bool option_number(const char *text, uint64_t max, uint64_t *value);
/* A size in bytes: digits, perhaps a fraction, perhaps B K M G T; `unit` multiplies a bare number. */
bool option_size(const char *text, uint64_t unit, uint64_t *bytes);
/* on|off|yes|no|true|false; a bare key counts as on. */
bool option_bool(const CommandLine *c, const char *arg, const KeyValue *kv);
/* The descriptor must be open: one that is not would be one of the emulator's own by the time it is used. */
void option_check_fd(const CommandLine *c, const char *arg, int fd);
/* The file must exist and be readable. */
void option_check_file(const CommandLine *c, const char *path);

/* Commas doubled, so that option_split() gives the text back; g_free() it. */
char *option_escape(const char *text);

/* softmmu/options-list.c: fill in c->items; add one; the row of that name (NULL: there is none). */
void options_list_fill(CommandLine *c, int argc, char **argv);
void options_list_add(CommandLine *c, const OptionRow *row, const char *said, const char *arg);
const OptionRow *option_find(const char *name);
void option_set(CommandLine *c, const char *arg);
/* softmmu/options-object.c */
void option_object(CommandLine *c, const char *arg);
void option_mem_path(CommandLine *c, const char *arg);
void option_memory_backend(CommandLine *c, const char *arg);
/* The file with random numbers that the object stands for, "" for the host's kernel; NULL: there is no such object. */
const char *options_object_rng(const char *id, const char **said);
/* The text of the -object secret; NULL: there is none of that id. */
const char *options_object_secret(const char *id);
void options_object_finish(CommandLine *c);
/* While the machine runs, as live_*(): the object that was read last begins to work; that of the id goes. */
char *options_object_start(void);
char *options_object_delete(const char *id);

/* softmmu/options-sandbox.c */
void option_chroot(CommandLine *c, const char *arg);
void option_runas(CommandLine *c, const char *arg);
void option_sandbox(CommandLine *c, const char *arg);

/* softmmu/options-config.c */
void option_readconfig(CommandLine *c, const char *arg);

/* softmmu/options-global.c: -global, and what it says of devices of that driver; the array ends with key == NULL. */
void option_global(CommandLine *c, const char *arg);
KeyValue *options_globals(const char *driver);
void options_global_finish(CommandLine *c);

/* softmmu/options-rules.c: why the argument is not as the rules say; NULL if it is. */
char *option_problem(const CommandLine *c, const char *rules, const char *arg);
/* Carry out a row: call its function, or compare with what it accepts. */
void option_run(CommandLine *c, const OptionRow *row, const char *arg);
void option_print_row(const char *dash, const OptionRow *row, const char *between);

/* softmmu/options-machine.c and softmmu/options-smp.c */
void option_machine(CommandLine *c, const char *arg);
void option_cpu(CommandLine *c, const char *arg);
void option_accel(CommandLine *c, const char *arg);
void option_smp(CommandLine *c, const char *arg);
void option_memory(CommandLine *c, const char *arg);
/* Decide and check what these options left open. */
void options_machine_finish(CommandLine *c);
void options_smp_finish(CommandLine *c);

/* softmmu/options-icount.c */
void option_icount(CommandLine *c, const char *arg);
/* Does it go with the accelerator's options? */
void options_icount_finish(CommandLine *c);

/* softmmu/options-block.c */
void option_drive(CommandLine *c, const char *arg);
void option_sd(CommandLine *c, const char *arg);
void option_hda(CommandLine *c, const char *arg);
void option_pflash(CommandLine *c, const char *arg);
void option_snapshot(CommandLine *c, const char *arg);
void options_block_finish(CommandLine *c);
/* All devices have taken their drives: what is left. */
void options_nodes_finish(CommandLine *c);
/* The drive called `id`, which is the caller's from now on; NULL: there is none that is free. */
const BlockOptions *options_drive_take(CommandLine *c, const char *id);
/* The same for a device, as a copy: a node that holds bytes and has no format is raw. */
BlockOptions *options_drive_take_for_device(CommandLine *c, const char *id);

/* Another drive that a device, or a node, may take; *o is copied. Ids are unique. */
void options_drive_add(CommandLine *c, const char *arg, const BlockOptions *o);
/* -device sd-card,drive=ID; false: it is another driver. */
bool option_sd_card_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *properties);
bool option_sd_card_driver(size_t i, OptionInfo *info);
bool option_sd_card_property(size_t i, size_t n, OptionInfo *info);
/* werror or rerror. */
BlockErrorPolicy block_option_policy(CommandLine *c, const char *arg, const KeyValue *kv);

/* softmmu/options-blockdev.c */
void option_blockdev(CommandLine *c, const char *arg);
/* One property of an image; `kv` has a value. False: there is none of that name. */
bool block_option_property(CommandLine *c, const char *arg, BlockOptions *o, const KeyValue *kv);
/* The same of a number of a limit of speed, without prefix. */
bool block_option_throttle(CommandLine *c, const char *arg, ThrottleConfig *config, const char *name,
                           const char *value);
void block_option_complete(CommandLine *c, const char *arg, BlockOptions *o);
void block_option_help(void);

/* softmmu/options-json.c: a JSON object as option_split() gives it, "outer.inner" for what is in inner objects. */
KeyValue *option_json(CommandLine *c, const char *arg);
/* An argument that may be a JSON object as the same in plain form, the value of `first` first; lives for ever. */
const char *option_plain(CommandLine *c, const char *arg, const char *first);

/* softmmu/options-fs.c */
/* The folder of that id, which becomes the caller's; NULL: there is none, or it is another's. */
const P9Share *options_fs_take(const char *id, const char **said);

/* softmmu/options-virtio.c */
/* -device with a driver of virtio's; false: it is none. */
bool option_virtio_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *properties);
bool option_virtio_driver(size_t i, OptionInfo *info);
bool option_virtio_property(size_t i, size_t n, OptionInfo *info);
void options_virtio_add_disk(CommandLine *c, const BlockOptions *drive);
/* A card; net NULL: it is connected to nothing, mac NULL: the address that a -device would have. */
void options_virtio_add_nic(CommandLine *c, const char *said, const NetOptions *net, const uint8_t mac[6]);
/* A virtio-9p-device for the folder of that id. */
void options_virtio_add_folder(CommandLine *c, const char *arg, const char *id, const char *tag);
/* softmmu/options-ports.c: the same with a driver of a port. */
bool option_port_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *properties);
bool option_port_driver(size_t i, OptionInfo *info);
bool option_port_property(size_t i, size_t n, OptionInfo *info);
/* All options are known: give the devices what they name. */
void options_virtio_finish(CommandLine *c);

/* softmmu/options-usb.c: the same for USB. */
bool option_usb_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *properties);
bool option_usb_driver(size_t i, OptionInfo *info);
bool option_usb_property(size_t i, size_t n, OptionInfo *info);
void option_usbdevice(CommandLine *c, const char *arg);
void options_usb_finish(CommandLine *c);

/* softmmu/options-chardev.c */
void option_chardev(CommandLine *c, const char *arg);
void option_mon(CommandLine *c, const char *arg);
void option_qmp(CommandLine *c, const char *arg);
void option_qmp_pretty(CommandLine *c, const char *arg);
void options_chardev_finish(const CommandLine *c);

/* softmmu/options-net.c */
void option_nic(CommandLine *c, const char *arg);
void option_netdev(CommandLine *c, const char *arg);
void option_net(CommandLine *c, const char *arg);
void options_net_finish(CommandLine *c);
/* The network of that name; NULL: there is none. */
NetOptions *options_net_find(const char *id);

/* softmmu/options-netdev.c: one network. Its first word; a property (false: it has none of that name); the end. */
_Noreturn void net_option_help(void);
void net_option_type(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv);
bool net_option_property(CommandLine *c, const char *arg, NetOptions *o, const KeyValue *kv);
void net_option_dump(CommandLine *c, const char *arg, NetOptions *o, const NetDumpOptions *dump);
void net_option_complete(CommandLine *c, const char *arg, NetOptions *o);
/* A card's address: six bytes, and not a group's. */
void net_option_mac(CommandLine *c, const char *arg, const char *text, uint8_t mac[6]);

/* softmmu/options-net.c: the network called `id`, the caller's from now on; NULL: there is none that is free. */
const NetOptions *options_net_take(const char *id);
/* While the machine runs, as live_*(): open the network that was read last; close the one of that id. */
char *options_net_start(void);
char *options_net_delete(const char *id);

/* softmmu/options-loader.c: the same for data that is put into memory. */
bool option_loader_device(CommandLine *c, const char *arg, const char *driver, const KeyValue *properties);
bool option_loader_driver(size_t i, OptionInfo *info);
bool option_loader_property(size_t i, size_t n, OptionInfo *info);

/* softmmu/options-drivers.c */
void option_device(CommandLine *c, const char *arg);
void option_fsdev(CommandLine *c, const char *arg);
void option_virtfs(CommandLine *c, const char *arg);

/* softmmu/options-misc.c */
void option_semihosting(CommandLine *c, const char *arg);
void option_semihosting_config(CommandLine *c, const char *arg);
void option_log_items(CommandLine *c, const char *arg);
void option_log_file(CommandLine *c, const char *arg);
void option_log_filter(CommandLine *c, const char *arg);
void option_trace(CommandLine *c, const char *arg);

/* softmmu/options-display.c */
void option_nographic(CommandLine *c, const char *arg);
void option_display(CommandLine *c, const char *arg);
void option_vnc(CommandLine *c, const char *arg);
void option_full_screen(CommandLine *c, const char *arg);
void options_display_finish(CommandLine *c);

/* softmmu/options-simple.c */
void option_kernel(CommandLine *c, const char *arg);
void option_initrd(CommandLine *c, const char *arg);
void option_dtb(CommandLine *c, const char *arg);
void option_append(CommandLine *c, const char *arg);
void option_serial(CommandLine *c, const char *arg);
void option_monitor(CommandLine *c, const char *arg);
void option_gdb(CommandLine *c, const char *arg);
void option_incoming(CommandLine *c, const char *arg);
void option_loadvm(CommandLine *c, const char *arg);
void option_only_migratable(CommandLine *c, const char *arg);
void option_gdb_default(CommandLine *c, const char *arg);
void option_no_reboot(CommandLine *c, const char *arg);
void option_no_shutdown(CommandLine *c, const char *arg);
void option_stopped(CommandLine *c, const char *arg);
void option_nodefaults(CommandLine *c, const char *arg);
void option_name(CommandLine *c, const char *arg);
void option_pidfile(CommandLine *c, const char *arg);
void option_uuid(CommandLine *c, const char *arg);
void option_echr(CommandLine *c, const char *arg);
void option_seed(CommandLine *c, const char *arg);
void option_mem_prealloc(CommandLine *c, const char *arg);
void option_overcommit(CommandLine *c, const char *arg);
void option_msg(CommandLine *c, const char *arg);
#ifdef CONFIG_PLUGINS
void option_plugin(CommandLine *c, const char *arg);
#endif
void option_rtc(CommandLine *c, const char *arg);
void option_audio(CommandLine *c, const char *arg);
void option_audiodev(CommandLine *c, const char *arg);
void option_audio_help(CommandLine *c, const char *arg);
void option_action(CommandLine *c, const char *arg);
void option_watchdog_action(CommandLine *c, const char *arg);
void option_add_fd(CommandLine *c, const char *arg);
void option_singlestep(CommandLine *c, const char *arg);
void option_perfmap(CommandLine *c, const char *arg);
void option_jitdump(CommandLine *c, const char *arg);
void option_daemonize(CommandLine *c, const char *arg);

/* softmmu/options.c */
void option_help(CommandLine *c, const char *arg);
void option_version(CommandLine *c, const char *arg);
#endif
