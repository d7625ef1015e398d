/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a plugin may ask of the emulator: QEMU's interface for TCG plugins, versions 1 to 3, as its public documentation
 * describes them. docs/plugins.md has an example, and what is special to this emulator.
 *
 * What a later version took away is still here, so sources of any of them compile. With -DQEMU_PLUGIN_VERSION=1 (or 2)
 * a plugin is made for that version: QEMU 7.2 takes those of version 1.
 *
 * A plugin is a shared object that exports qemu_plugin_version and qemu_plugin_install(), which is called before the
 * machine is made and registers functions. They are called on the thread that runs the virtual CPU, several at once
 * if there are several CPUs, and must not wait for another CPU.
 */
#ifndef QEMU_QEMU_PLUGIN_H
#define QEMU_QEMU_PLUGIN_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

/* Plugins of version 1 may be compiled without GLib, and include this with C's linkage, which GLib does not bear. */
#if !__has_include(<glib.h>)
typedef struct _GArray GArray;
typedef struct _GByteArray GByteArray;
#elif defined(__cplusplus)
extern "C++" {
#include <glib.h>
}
#else
#include <glib.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))
#define QEMU_PLUGIN_LOCAL  __attribute__((visibility("hidden")))

/* A plugin's name among the loaded ones. */
typedef uint64_t qemu_plugin_id_t;

/* Of this header. A plugin says: QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION; */
#ifndef QEMU_PLUGIN_VERSION
#define QEMU_PLUGIN_VERSION 3
#endif
extern QEMU_PLUGIN_EXPORT int qemu_plugin_version;

typedef struct qemu_info_t {
    const char *target_name;        /* "arm" */
    struct {
        int min, cur;               /* versions of the interface that are understood */
    } version;
    bool system_emulation;          /* a machine, so `system` is valid */
    union {
        struct {
            int smp_vcpus;          /* at the start */
            int max_vcpus;
        } system;
    };
} qemu_info_t;

/*
 * The plugin's own: begin. argv has the option's arguments, each NAME=VALUE; they and info live during the call only.
 * 0: all is well; else the emulator ends with a message.
 */
QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv);

/* ---- kinds of functions ---- */
typedef void (*qemu_plugin_simple_cb_t)(qemu_plugin_id_t id);
typedef void (*qemu_plugin_udata_cb_t)(qemu_plugin_id_t id, void *userdata);
typedef void (*qemu_plugin_vcpu_simple_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu_index, void *userdata);

/* ---- leaving ---- */
/*
 * Forget all that the plugin has registered, in every block and on every CPU; then call cb (NULL: nobody) and, by
 * uninstall, unload the plugin. Done soon, not at once: calls may still come in until cb is called.
 */
void qemu_plugin_uninstall(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb);
void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb);

/* ---- CPUs ---- */
/* Registering again replaces the function; NULL: none any more. */
void qemu_plugin_register_vcpu_init_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
void qemu_plugin_register_vcpu_exit_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
/* It goes to sleep in WFI or WFE; it wakes up. */
void qemu_plugin_register_vcpu_idle_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
void qemu_plugin_register_vcpu_resume_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
/* Call cb for each CPU, on this thread. */
void qemu_plugin_vcpu_for_each(qemu_plugin_id_t id, qemu_plugin_vcpu_simple_cb_t cb);
/* CPUs that there are, and that there may be: version 1. Since version 2: those that have begun. */
int qemu_plugin_n_vcpus(void);
int qemu_plugin_n_max_vcpus(void);
int qemu_plugin_num_vcpus(void);

/* ---- translation ---- */
/* A block of guest code that is being translated, and one of its instructions; valid until the function returns. */
struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
/* Call cb for every block before it is used. The same code may be translated many times. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
/* NULL: it has no such instruction. */
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);

#if QEMU_PLUGIN_VERSION < 3
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);     /* its bytes */
#else
/* Copies at most len of its bytes; returns how many. With one argument it is what it was before version 3. */
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
const void *qemu_plugin_insn_text(const struct qemu_plugin_insn *insn);
#define QEMU_PLUGIN_FOURTH(a, b, c, d, ...) d
#define qemu_plugin_insn_data(...) \
    QEMU_PLUGIN_FOURTH(__VA_ARGS__, qemu_plugin_insn_data, none, qemu_plugin_insn_text, none)(__VA_ARGS__)
#endif
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);          /* in the emulator; NULL: not in RAM */
char *qemu_plugin_insn_disas(const struct qemu_plugin_insn *insn);          /* free() it */
const char *qemu_plugin_insn_symbol(const struct qemu_plugin_insn *insn);   /* NULL: none is known */

/* ---- execution ---- */
/* What a function does with guest registers: it can read them if it said so. None can write them. */
enum qemu_plugin_cb_flags {
    QEMU_PLUGIN_CB_NO_REGS,
    QEMU_PLUGIN_CB_R_REGS,
    QEMU_PLUGIN_CB_RW_REGS,
};
/* What is done without a call: *(uint64_t *)ptr += imm, by a load and a store, so a CPU may lose another's addition. */
enum qemu_plugin_op {
    QEMU_PLUGIN_INLINE_ADD_U64,
    QEMU_PLUGIN_INLINE_STORE_U64,       /* since version 2, of a CPU's own value: = imm */
};

/* Whenever the block is entered. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
                                          enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb, enum qemu_plugin_op op, void *ptr,
                                              uint64_t imm);
/* Before the instruction, whether its condition holds or not. */
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_udata_cb_t cb,
                                            enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_op op, void *ptr,
                                                uint64_t imm);

/* ---- since version 2: values of each CPU's own ---- */
/* An element of so many bytes for each CPU, all 0. */
struct qemu_plugin_scoreboard;
struct qemu_plugin_scoreboard *qemu_plugin_scoreboard_new(size_t element_size);
void qemu_plugin_scoreboard_free(struct qemu_plugin_scoreboard *score);
void *qemu_plugin_scoreboard_find(struct qemu_plugin_scoreboard *score, unsigned int vcpu_index);

/* A number in the elements. */
typedef struct {
    struct qemu_plugin_scoreboard *score;
    size_t offset;
} qemu_plugin_u64;

#ifdef __cplusplus
#define QEMU_PLUGIN_U64(score, offset) (qemu_plugin_u64 { (score), (offset) })
#else
#define QEMU_PLUGIN_U64(score, offset) ((qemu_plugin_u64) { (score), (offset) })
#endif
#define qemu_plugin_scoreboard_u64(score) QEMU_PLUGIN_U64(score, 0)
#define qemu_plugin_scoreboard_u64_in_struct(score, type, member) QEMU_PLUGIN_U64(score, offsetof(type, member))

void qemu_plugin_u64_add(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t added);
uint64_t qemu_plugin_u64_get(qemu_plugin_u64 entry, unsigned int vcpu_index);
void qemu_plugin_u64_set(qemu_plugin_u64 entry, unsigned int vcpu_index, uint64_t val);
uint64_t qemu_plugin_u64_sum(qemu_plugin_u64 entry);                        /* of all CPUs */

/* With the number of the CPU that executes; exact. Such operations, and functions, are in the order of registering. */
void qemu_plugin_register_vcpu_tb_exec_inline_per_vcpu(struct qemu_plugin_tb *tb, enum qemu_plugin_op op,
                                                       qemu_plugin_u64 entry, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(struct qemu_plugin_insn *insn, enum qemu_plugin_op op,
                                                         qemu_plugin_u64 entry, uint64_t imm);

/* Since version 3: a function that is called if the CPU's number is so, compared without sign. */
enum qemu_plugin_cond {
    QEMU_PLUGIN_COND_NEVER,
    QEMU_PLUGIN_COND_ALWAYS,
    QEMU_PLUGIN_COND_EQ,
    QEMU_PLUGIN_COND_NE,
    QEMU_PLUGIN_COND_LT,
    QEMU_PLUGIN_COND_LE,
    QEMU_PLUGIN_COND_GT,
    QEMU_PLUGIN_COND_GE,
};
void qemu_plugin_register_vcpu_tb_exec_cond_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
                                               enum qemu_plugin_cb_flags flags, enum qemu_plugin_cond cond,
                                               qemu_plugin_u64 entry, uint64_t imm, void *userdata);
void qemu_plugin_register_vcpu_insn_exec_cond_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_udata_cb_t cb,
                                                 enum qemu_plugin_cb_flags flags, enum qemu_plugin_cond cond,
                                                 qemu_plugin_u64 entry, uint64_t imm, void *userdata);

/* ---- since version 2: registers ---- */
struct qemu_plugin_register;
typedef struct {
    struct qemu_plugin_register *handle;
    const char *name, *feature;         /* as gdb has them: "r0" of "org.gnu.gdb.arm.core" */
} qemu_plugin_reg_descriptor;
/* All of a CPU's, of qemu_plugin_reg_descriptor; g_array_free() it. From the function for a CPU's beginning on. */
GArray *qemu_plugin_get_registers(void);
/*
 * Append the register's value to buf, lowest byte first; returns how many bytes, or -1. Of the CPU that the function is
 * called for, which was registered with QEMU_PLUGIN_CB_R_REGS.
 */
int qemu_plugin_read_register(struct qemu_plugin_register *handle, GByteArray *buf);

/* ---- since version 3: the machine's time. It cannot be had here: NULL, and nothing is done ---- */
const void *qemu_plugin_request_time_control(void);
void qemu_plugin_update_ns(const void *handle, int64_t time);

/* ---- memory ---- */
enum qemu_plugin_mem_rw {
    QEMU_PLUGIN_MEM_R = 1,
    QEMU_PLUGIN_MEM_W,
    QEMU_PLUGIN_MEM_RW,
};
typedef uint32_t qemu_plugin_meminfo_t;

unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);        /* log2 of its bytes */
bool qemu_plugin_mem_is_sign_extended(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_big_endian(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);

/* Where an access went, to be asked while the function is called that was told of it; valid until it asks again. */
struct qemu_plugin_hwaddr;
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);  /* NULL: not known */
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *haddr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *haddr);
const char *qemu_plugin_hwaddr_device_name(const struct qemu_plugin_hwaddr *haddr);             /* "RAM" for memory */

typedef void (*qemu_plugin_vcpu_mem_cb_t)(unsigned int vcpu_index, qemu_plugin_meminfo_t info, uint64_t vaddr,
                                          void *userdata);
/* After each access of the instruction; one that faults is none. */
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t cb,
                                      enum qemu_plugin_cb_flags flags, enum qemu_plugin_mem_rw rw, void *userdata);
void qemu_plugin_register_vcpu_mem_inline(struct qemu_plugin_insn *insn, enum qemu_plugin_mem_rw rw,
                                          enum qemu_plugin_op op, void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_mem_inline_per_vcpu(struct qemu_plugin_insn *insn, enum qemu_plugin_mem_rw rw,
                                                   enum qemu_plugin_op op, qemu_plugin_u64 entry, uint64_t imm);

/* ---- system calls: of programs that are emulated without a machine, so never called here ---- */
typedef void (*qemu_plugin_vcpu_syscall_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_index, int64_t num, uint64_t a1,
                                              uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                                              uint64_t a7, uint64_t a8);
typedef void (*qemu_plugin_vcpu_syscall_ret_cb_t)(qemu_plugin_id_t id, unsigned int vcpu_idx, int64_t num,
                                                  int64_t ret);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_cb_t cb);
void qemu_plugin_register_vcpu_syscall_ret_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_syscall_ret_cb_t cb);

/* ---- the rest ---- */
/* All translated code has been thrown away, so nothing refers to what was registered for it. No CPU runs. */
void qemu_plugin_register_flush_cb(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb);
/* The emulator ends; the CPUs have ended. */
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata);

/* To the emulator's log, if -d plugin is on. */
void qemu_plugin_outs(const char *string);
/* *ret = val as on|yes|true or off|no|false; false: it is none of these, or name or val is NULL. */
bool qemu_plugin_bool_parse(const char *name, const char *val, bool *ret);

/* Of programs that are emulated without a machine: NULL and 0. */
const char *qemu_plugin_path_to_binary(void);
uint64_t qemu_plugin_start_code(void);
uint64_t qemu_plugin_end_code(void);
uint64_t qemu_plugin_entry_code(void);

#ifdef __cplusplus
}
#endif

#endif
