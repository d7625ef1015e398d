/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of all options: those of QEMU, and nothing else. The parser, -help and tests/cli/test-option-table.py work
 * from it. A row either
 *   - has a function: the option does what it does in QEMU; or
 * - has none: arguments that `accepts` describes (see softmmu/options-rules.c; NULL: none, or any if the option takes
 * no
 *     argument and nothing is said in `instead`) change nothing here, and all others end the program with the line
 *     `instead`.
 * Constant.
 */
#include <stddef.h>
#include "softmmu/options-internal.h"

#define NO_DRIVE "the board has no such drive; use -sd FILE or a virtual disk (-drive if=virtio,file=FILE)"
#define NO_NAND "the board has no such flash; use -pflash FILE"
#define NO_DISPLAY "the board has a screen controller of its own; use -display or -vnc for where it is shown"
#define NO_FIRMWARE "there is no firmware; put it where the CPU starts by -device loader,file=FILE,addr=0,force-raw=on"
#define NO_TABLES "the board has no firmware tables"
#define NO_XEN "there is no Xen; leave it out"

const OptionRow option_rows[] = {
    { .group = "The machine", .argument = "machine" },
    { "machine", "NAME[,PROPERTY=VALUE...]", .handle = option_machine,
      .help = "the machine to emulate (-machine help)" },
    { "M", "NAME[,PROPERTY=VALUE...]", .handle = option_machine, .help = "the same" },
    { "cpu", "MODEL", .handle = option_cpu, .help = "the CPU model (-cpu help)" },
    { "accel", "tcg[,PROPERTY=VALUE...]", .handle = option_accel,
      .help = "how guest code is run (-accel help); if given several times, the first that there is" },
    { "smp", "[cpus=]N[,maxcpus=N][,sockets=N][,cores=N][,threads=N]", .handle = option_smp, .help = "number of CPUs" },
    { "m", "[size=]SIZE[K|M|G][,slots=N,maxmem=SIZE]", .handle = option_memory,
      .help = "size of the memory; without suffix in MiB" },
    { "mem-path", "FILE", .handle = option_mem_path, .help = "the memory is in that file, or one in that directory" },
    { "object", "TYPE,id=ID[,PROPERTY=VALUE...]", .handle = option_object,
      .help = "a source of random numbers, or memory (-object help)" },
    { "mem-prealloc", .handle = option_mem_prealloc, .help = "take the guest's memory from the host at the start" },
    { "overcommit", "[mem-lock=on|off][,cpu-pm=on|off]", .handle = option_overcommit,
      .help = "mem-lock=on: keep what memory is used from being swapped out" },

    { .group = "Time", .argument = "time" },
    { "rtc", "[base=utc|localtime|DATE][,clock=host|rt|vm]", .handle = option_rtc,
      .help = "what the clock of the board shows at the start; DATE: 2006-06-17 or 2006-06-17T16:01:21; "
      "rt: the host's being set does not matter; vm: it stops with the machine" },
    { "icount", "[shift=]N|auto[,sleep=on|off][,align=on|off][,rr=MODE,rrfile=FILE]", .handle = option_icount,
      .help = "guest time is counted by instructions of 2^N ns (0 to 10); all that happens in a machine without input "
      "is the same at every start; rr=record or replay: all that comes from outside goes into the file, or comes "
      "from there" },
    { "seed", "NUMBER", .handle = option_seed,
      .help = "random numbers that the guest is given (rng-seed in its device tree) are the same at every start" },

    { .group = "What it boots", .argument = "boot" },
    { "kernel", "FILE", .handle = option_kernel, .help = "kernel to boot: zImage, Image, uImage or ELF" },
    { "initrd", "FILE", .handle = option_initrd, .help = "initial RAM disk" },
    { "dtb", "FILE|builtin", .handle = option_dtb, .help = "device tree; builtin: the machine's own" },
    { "append", "TEXT", .handle = option_append, .help = "kernel command line" },
    { "semihosting", .handle = option_semihosting, .help = "let the guest use the host's files and console" },
    { "semihosting-config", "enable=on[,arg=TEXT...][,chardev=ID]", .handle = option_semihosting_config,
      .help = "the same with settings" },

    { .group = "Disks, networks and other devices", .argument = "devices" },
    { "sd", "FILE", .handle = option_sd, .help = "an image in the SD card slot" },
    { "hda", "FILE", .handle = option_hda, .help = "an image in the CompactFlash socket" },
    { "pflash", "FILE", .handle = option_pflash,
      .help = "an image of 64 MiB in the next bank of NOR flash; up to 2 times" },
    { "drive", "file=FILE[,PROPERTY=VALUE...]", .handle = option_drive,
      .help = "the same with properties (-drive help)" },
    { "blockdev", "DRIVER,node-name=NAME[,PROPERTY=VALUE...]", .handle = option_blockdev,
      .help = "an image for -device drive= (-blockdev help)" },
    { "snapshot", .handle = option_snapshot, .help = "write to temporary images, gone at the end" },
    { "fsdev", "local,id=ID,...", .handle = option_fsdev, .help = "a folder for -device virtio-9p-device,fsdev=ID" },
    { "virtfs", "local,mount_tag=T,...", .handle = option_virtfs, .help = "both together (-virtfs help)" },
    { "nic", "user|none[,PROPERTY=VALUE...]", .handle = option_nic,
      .help = "what the card is connected to (-nic help)" },
    { "netdev", "user,id=ID[,PROPERTY=VALUE...]", .handle = option_netdev,
      .help = "a network, for -net nic,netdev=ID" },
    { "net", "nic|user|none[,PROPERTY=VALUE...]", .handle = option_net, .help = "the older form of -nic" },
    { "device", "DRIVER[,PROPERTY=VALUE...]", .handle = option_device,
      .help = "a virtual device, or data to load into memory (-device help)" },
    { "usbdevice", "keyboard|mouse|tablet", .handle = option_usbdevice,
      .help = "the older form of -device usb-kbd, ..." },
    { "global", "DRIVER.PROPERTY=VALUE", .handle = option_global,
      .help = "of all devices of that driver; virtio-mmio.force-legacy=on: as before version 1.0 of virtio" },
    { "set", "GROUP.ID.PROPERTY=VALUE", .handle = option_set, .early = true,
      .help = "add to the option GROUP with id=ID that stands before it" },
    { "readconfig", "FILE", .handle = option_readconfig, .early = true,
      .help = "options from a file: [GROUP \"ID\"], then lines of KEY = \"VALUE\"" },

    { .group = "Console and monitor", .argument = "console" },
    { "nographic", .handle = option_nographic, .help = "no display; console and monitor share the terminal" },
    { "serial", "DEVICE", .handle = option_serial, .help = "where a serial line goes; up to 4 times" },
    { "chardev", "KIND,id=NAME,...", .handle = option_chardev,
      .help = "a character device with a name; help: the kinds" },
    { "mon", "chardev=NAME,...", .handle = option_mon, .help = "a monitor there; mode=control: for programs (QMP)" },
    { "qmp", "DEVICE", .handle = option_qmp, .help = "a monitor for programs (QMP) there" },
    { "qmp-pretty", "DEVICE", .handle = option_qmp_pretty, .help = "the same, with line breaks" },
    { "monitor", "DEVICE", .handle = option_monitor, .help = "where the monitor goes; none: nowhere" },
    { "echr", "NUMBER", .handle = option_echr, .help = "the escape key on a shared terminal, instead of 1 (Ctrl-a)" },
    { "nodefaults", .handle = option_nodefaults, .help = "no serial line and no monitor unless asked for" },

    { .group = "Screen and sound", .argument = "screen" },
    { "display", "none|sdl[,window-close=off][,show-cursor=on]|vnc=HOST:N[,...]|curses", .handle = option_display,
      .help = "where the screen is shown (-display help); it can be dumped without" },
    { "vnc", "HOST:N|unix:PATH|none[,password=on][,to=N][,PROPERTY=VALUE...]", .handle = option_vnc,
      .help = "a VNC server on port 5900 + N" },
    { "full-screen", .handle = option_full_screen, .help = "the window fills the screen" },
    { "audiodev", "DRIVER,id=NAME[,PROPERTY=VALUE...]", .handle = option_audiodev,
      .help = "where sound goes: none, wav, sdl, alsa (-audiodev help)" },
    { "audio", "DRIVER[,PROPERTY=VALUE...]", .handle = option_audio, .help = "the same, without a name" },
    { "audio-help", .handle = option_audio_help, .help = "print the sound drivers and their properties" },

    { .group = "How it starts and ends", .argument = "run" },
    { "S", .handle = option_stopped, .help = "do not start the CPUs; the monitor's 'cont' does, or a debugger" },
    { "incoming", "exec:COMMAND|file:PATH|unix:PATH|tcp:HOST:PORT|fd:NUMBER|defer", .handle = option_incoming,
      .help = "the machine's state comes from there; defer: the monitor's migrate_incoming will say" },
    { "loadvm", "NAME", .handle = option_loadvm, .help = "begin with that snapshot of the machine (savevm)" },
    { "only-migratable", .handle = option_only_migratable, .help = "refuse what cannot be saved (vhost-user)" },
    { "gdb", "DEVICE", .handle = option_gdb,
      .help = "where gdb finds the machine: tcp::PORT, unix:PATH, stdio, pty; none: nowhere" },
    { "s", .handle = option_gdb_default, .help = "the same as -gdb tcp::1234" },
    { "no-reboot", .handle = option_no_reboot, .help = "exit when the guest resets the machine" },
    { "no-shutdown", .handle = option_no_shutdown, .help = "stop instead of exiting when the guest shuts down" },
    { "action", "EVENT=ACTION[,...]", .handle = option_action,
      .help = "reboot=reset|shutdown, shutdown=poweroff|pause, watchdog=... as below, panic=... (never reported)" },
    { "watchdog-action", "reset|shutdown|poweroff|pause|debug|none|inject-nmi", .handle = option_watchdog_action,
      .help = "what a watchdog does that nobody feeds" },
    { "name", "TEXT[,process=NAME][,debug-threads=on|off]", .handle = option_name,
      .help = "name of the guest (info name), of the process" },
    { "uuid", "UUID", .handle = option_uuid, .help = "the machine's UUID (info uuid)" },
    { "pidfile", "FILE", .handle = option_pidfile, .help = "write the process id there" },
    { "daemonize", .handle = option_daemonize, .help = "go to the background once the machine stands" },
    { "chroot", "DIRECTORY", .handle = option_chroot, .help = "change root to it once the machine stands" },
    { "runas", "USER|UID:GID", .handle = option_runas, .help = "become that user once the machine stands" },
    { "sandbox", "on|off[,spawn=deny][,...]", .handle = option_sandbox,
      .help = "deny system calls; more: obsolete=, elevateprivileges=, spawn=, resourcecontrol=allow|deny" },

    { .group = "Log and messages", .argument = "log" },
    { "d", "ITEM[,ITEM...]", .handle = option_log_items, .help = "what to log (-d help)" },
    { "D", "FILE", .handle = option_log_file, .help = "where the log goes instead of stderr" },
    { "dfilter", "RANGE[,RANGE...]", .handle = option_log_filter, .help = "log code of these addresses only" },
    { "trace", "[enable=]PATTERN[,events=FILE][,file=FILE]", .handle = option_trace,
      .help = "log events of devices (-trace help); events: more patterns; file: there, not to the log" },
    { "add-fd", "fd=N,set=M[,opaque=TEXT]", .handle = option_add_fd,
      .help = "descriptor N that was passed on is one of set M: files by the name /dev/fdset/M" },
    { "singlestep", .handle = option_singlestep,
      .help = "one instruction per block of code, so that the log has each" },
#ifdef CONFIG_PLUGINS
    { "plugin", "[file=]FILE[,NAME=VALUE...]", .handle = option_plugin,
      .help = "load a plugin, which gets NAME=VALUE (docs/plugins.md); may be given several times" },
#else
    { "plugin", "...", .instead = "this emulator was built without plugins (-Dplugins=enabled); use -d exec" },
#endif
    { "msg", "[timestamp=on|off][,guest-name=on|off]", .handle = option_msg, .help = "what messages begin with" },
    { "h", .may_have = "TOPIC", .handle = option_help, .help = "print this help, or what it says about TOPIC" },
    { "help", .may_have = "TOPIC", .handle = option_help, .help = "the same" },
    { "version", .handle = option_version, .help = "print the version" },

    { .group = "Accepted because it changes nothing here", .argument = "accepted" },
    { "boot", "[order=]DRIVES[,menu=...]", .instead = "the machine starts from -kernel or -device loader; accepted are "
      "order, menu, splash, splash-time, reboot-timeout and strict, which change nothing",
      .accepts = "*order=%drives menu=%bool splash=%text splash-time=%number reboot-timeout=%number strict=%bool",
      .help = "nothing to boot from but -kernel and -device loader" },
    { "k", "LANGUAGE", .accepts = "%any", .help = "the guest's keyboard has the US layout" },
    { "L", "DIRECTORY", .accepts = "%any", .help = "no firmware or keyboard tables to look for" },
    { "vga", "none", .accepts = "none", .instead = NO_DISPLAY, .help = "there are no graphics cards" },
    { "portrait", .help = "the screen is shown as it is" },
    { "rotate", "90|180|270", .accepts = "90 180 270", .help = "the screen is shown as it is" },
    { "parallel", "none|null", .accepts = "none null", .instead = "the board has no parallel port; use -serial",
      .help = "no parallel port" },
    { "usb", .help = "the board has USB anyway" },
    { "no-user-config", .help = "no configuration files" },
    { "compat", "PROPERTY=VALUE[,...]", .help = "no machine protocol that it would be about",
      .accepts = "deprecated-input=accept|reject|crash deprecated-output=accept|hide "
      "unstable-input=accept|reject|crash unstable-output=accept|hide" },
    { "async-teardown", .help = "memory is freed at the end, as ever" },

    { .group = "Options of QEMU that there are not", .argument = "missing" },
    { "fda", "FILE", .instead = NO_DRIVE },
    { "fdb", "FILE", .instead = NO_DRIVE },
    { "hdb", "FILE", .instead = NO_DRIVE },
    { "hdc", "FILE", .instead = NO_DRIVE },
    { "hdd", "FILE", .instead = NO_DRIVE },
    { "cdrom", "FILE", .instead = NO_DRIVE },
    { "mtdblock", "FILE", .instead = NO_NAND },
    { "iscsi", "...", .instead = NO_DRIVE },
    { "preconfig", .instead = "the machine is fixed by the command line; use -S to start it stopped" },
    { "spice", "...", .instead = NO_DISPLAY },
    { "debugcon", "DEVICE", .instead = "the board has no such port; use -serial DEVICE" },
    { "tpmdev", "...", .instead = "the board has no TPM" },
    { "bios", "FILE", .instead = NO_FIRMWARE },
    { "option-rom", "FILE", .instead = NO_FIRMWARE },
    { "fw_cfg", "...", .instead = NO_TABLES },
    { "smbios", "...", .instead = NO_TABLES },
    { "no-acpi", .instead = NO_TABLES ", ACPI's neither; leave the option out" },
    { "old-param", .instead = "kernels get ATAGS, or a device tree (-dtb)" },
    { "enable-kvm", .instead = "there is no KVM for this guest; use -accel tcg" },
    { "numa", "...", .instead = "the board has one memory; use -m SIZE" },
    { "dump-vmstate", "FILE", .instead = "use savevm; docs/snapshots.md describes what is saved" },
    { "enable-sync-profile", .instead = "use -accel tcg,stats=on (info jit shows the locks)" },
    { "xen-domid", "N", .instead = NO_XEN },
    { "xen-attach", .instead = NO_XEN },
    { "xen-domid-restrict", .instead = NO_XEN },
    { .name = NULL },
};
