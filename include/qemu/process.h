/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the program takes for granted of its process, whoever started it. Implemented in util/process.c.
 */
#ifndef QEMU_PROCESS_H
#define QEMU_PROCESS_H

/*
 * To be called before anything is opened and any thread is made: descriptors 0 to 2 are open, or the next files to be
 * opened would be taken for the standard streams; threads have stacks that do not depend on `ulimit -s`.
 */
void process_init(void);
#endif
