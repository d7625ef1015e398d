/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Virtual consoles: messages about ports, characters both ways, what waits for whom, drivers that know one port only,
 * saved states, drivers that break the rules.
 */
#include <stdlib.h>
#include <string.h>
#include "device-stubs.h"
#include "fake-io.h"
#include "hw/device.h"
#include "hw/virtio/virtio-devices.h"
#include "hw/virtio/virtio-internal.h"
#include "qemu/log.h"
#include "virtio-driver.h"

/* Two devices: the first has its console connected, the second the port 3 of programs. */
enum { CONSOLE = 0x10000000, PORTS = 0x10001000, LINE_CONSOLE = 0, LINE_PORTS };
enum { MULTIPORT = 2, QUEUES = 10, PORT = 3, IN = 8, OUT = 9, CONTROL_IN = 2, CONTROL_OUT = 3 };
enum { DATA = 0x8000, MESSAGES = 0x9000, MESSAGE_BYTES = 64, MESSAGE = 0xa000, ROOM = 0xb000 };
enum { READY, ADD, REMOVE, PORT_READY, IS_CONSOLE, RESIZE, OPEN, NAME };

static CharFrontend console_fe, port_fe;

/* Where queue n is: its descriptors; its rings. */
static uint32_t queue_at(unsigned n) { return 0x400 * (n + 1); }
static uint32_t avail_at(unsigned n) { return queue_at(n) + 0x100; }
static uint32_t used_at(unsigned n) { return queue_at(n) + 0x200; }

static void kick(uint32_t base, unsigned queue)
{
    wr(base + 0x50, queue);
    fake_io_run();
}

/* Buffers for messages. */
static void offer_control(uint32_t base, unsigned buffers)
{
    for (unsigned n = 0; n < buffers; n++) {
        desc_in(queue_at(CONTROL_IN), n, MESSAGES + n * MESSAGE_BYTES, MESSAGE_BYTES, DESC_WRITE, 0);
        avail_in(avail_at(CONTROL_IN), n);
    }
    kick(base, CONTROL_IN);
}

static void start(uint32_t base, uint32_t features)
{
    memset(bench_ram, 0, sizeof(bench_ram));
    bench_output_len = bench_accepts = 0;
    bench_chardev_full = false;
    wr(base + 0x70, 0);
    fake_io_run();
    driver_negotiate(base, features);
    for (unsigned n = 0; n < (features & MULTIPORT ? QUEUES : 2u); n++) {
        driver_queue(base, n, queue_at(n), avail_at(n), used_at(n));
    }
    wr(base + 0x70, 15);
    fake_io_run();
}

static void tell(uint32_t base, uint32_t port, unsigned event, unsigned value)
{
    put32(MESSAGE, port);
    put16(MESSAGE + 4, (uint16_t)event);
    put16(MESSAGE + 6, (uint16_t)value);
    desc_in(queue_at(CONTROL_OUT), 0, MESSAGE, 8, 0, 0);
    avail_in(avail_at(CONTROL_OUT), 0);
    kick(base, CONTROL_OUT);
}

static unsigned messages(void)
{
    return get16(used_at(CONTROL_IN) + 2);
}

static bool message_is(unsigned n, uint32_t port, unsigned event, unsigned value)
{
    const uint32_t at = MESSAGES + n * MESSAGE_BYTES;

    return messages() > n && get32(at) == port && get16(at + 4) == event && get16(at + 6) == value;
}

/* Send text from the guest by the queue. */
static void guest_sends(uint32_t base, unsigned queue, const char *text)
{
    memcpy(bench_ram + DATA, text, strlen(text));
    desc_in(queue_at(queue), 0, DATA, (uint32_t)strlen(text), 0, 0);
    avail_in(avail_at(queue), 0);
    kick(base, queue);
}

static bool came_out(const char *text)
{
    const bool good = bench_output_len == strlen(text) && !memcmp(bench_output, text, bench_output_len);

    bench_output_len = 0;
    return good;
}

/* ---- one port ---- */

static void test_one_port(void)
{
    start(CONSOLE, 0);
    ok(rd(CONSOLE + 8) == 3 && rd(CONSOLE + 0x104) == 8, "the device, and how many ports it may have");
    guest_sends(CONSOLE, 1, "hello");
    ok(came_out("hello") && get16(used_at(1) + 2) == 1 && bench_level[LINE_CONSOLE],
       "a driver that knows one port sends");
    bench_frontend = console_fe;
    ok(!bench_input("xyz", 3), "what comes for it waits for a buffer");
    desc_in(queue_at(0), 0, ROOM, 2, DESC_WRITE, 0);
    avail_in(avail_at(0), 0);
    kick(CONSOLE, 0);
    ok(bench_accepts, "there is one: it is asked for");
    ok(bench_input("xyz", 3) == 2 && bench_ram[ROOM] == 'x' && bench_ram[ROOM + 1] == 'y' && get32(used_at(0) + 8) == 2,
       "as much is taken as there is room for");
    ok(bench_break(), "a break means nothing");
}

/* ---- several ports ---- */

static void open_port(uint32_t base, unsigned port)
{
    start(base, MULTIPORT);
    offer_control(base, DRIVER_QUEUE_SIZE);
    tell(base, 0, READY, 1);
    tell(base, port, PORT_READY, 1);
    tell(base, port, OPEN, 1);
}

static void test_messages(void)
{
    start(CONSOLE, MULTIPORT);
    tell(CONSOLE, 0, READY, 1);
    ok_eq(messages(), 0, "messages wait for buffers");
    offer_control(CONSOLE, 1);
    ok(messages() == 1 && message_is(0, 0, ADD, 1), "the ports are told of, the first with the first buffer");
    desc_in(queue_at(CONTROL_IN), 1, MESSAGES + MESSAGE_BYTES, MESSAGE_BYTES, DESC_WRITE, 0);
    avail_in(avail_at(CONTROL_IN), 1);
    kick(CONSOLE, CONTROL_IN);
    ok(messages() == 2 && message_is(1, 1, ADD, 1), "the second with the second one");
    start(CONSOLE, MULTIPORT);
    offer_control(CONSOLE, DRIVER_QUEUE_SIZE);
    tell(CONSOLE, 0, READY, 1);
    tell(CONSOLE, 0, PORT_READY, 1);
    ok(messages() == 4 && message_is(2, 0, IS_CONSOLE, 1) && message_is(3, 0, OPEN, 1),
       "port 0 is a console, and open");
    tell(CONSOLE, 1, PORT_READY, 1);
    ok(messages() == 5 && message_is(4, 1, NAME, 1) && get32(used_at(CONTROL_IN) + 4 + 8 * 4 + 4) == 8 + 8 &&
       !memcmp(bench_ram + MESSAGES + 4 * MESSAGE_BYTES + 8, "org.test", 8),
       "port 1 has a name; nobody is at its other end");
    tell(CONSOLE, 2, PORT_READY, 1);
    tell(CONSOLE, 99, OPEN, 1);
    tell(CONSOLE, 0, 77, 1);
    ok_eq(messages(), 5, "what is said of ports that do not exist is not answered");
    guest_sends(CONSOLE, 4 + 1, "lost");
    ok(get16(used_at(5) + 2) == 1 && came_out(""), "what a port without a device sends is given back");
    guest_sends(CONSOLE, 6 + 1, "nothing");
    ok(get16(used_at(7) + 2) == 0, "a port that does not exist takes nothing");
}

static void test_port(void)
{
    open_port(PORTS, PORT);
    ok(messages() == 3 && message_is(0, PORT, ADD, 1) && message_is(1, PORT, NAME, 1) && message_is(2, PORT, OPEN, 1),
       "a port of programs, with somebody at its other end");
    guest_sends(PORTS, OUT, "from the guest");
    ok(came_out("from the guest"), "it sends");
    port_fe.event(port_fe.opaque, CHR_EVENT_CLOSED);
    ok(message_is(3, PORT, OPEN, 0), "the peer has left");
    port_fe.event(port_fe.opaque, CHR_EVENT_OPENED);
    ok(message_is(4, PORT, OPEN, 1), "the next one has come");
    bench_frontend = port_fe;
    desc_in(queue_at(IN), 0, ROOM, 100, DESC_WRITE, 0);
    avail_in(avail_at(IN), 0);
    kick(PORTS, IN);
    tell(PORTS, PORT, OPEN, 0);
    bench_accepts = 0;
    ok(!bench_input("text", 4), "nothing comes into a port that no program has opened");
    tell(PORTS, PORT, OPEN, 1);
    ok(bench_accepts == 1 && bench_input("text", 4) == 4 && !memcmp(bench_ram + ROOM, "text", 4), "until one opens it");
    wr(PORTS + 0x70, 0);
    fake_io_run();
    ok(!bench_input("text", 4), "a driver that is gone has no open ports");
}

/* A reader that does not read: the guest's buffers wait, in the middle of one, too. */
static void test_full(void)
{
    static char text[3 * 4096 + 1];

    open_port(PORTS, PORT);
    bench_chardev_full = true;
    guest_sends(PORTS, OUT, "abc");
    ok(came_out("") && !get16(used_at(OUT) + 2), "what a slow reader has no room for stays with the guest");
    bench_chardev_full = false;
    port_fe.writable(port_fe.opaque);
    fake_io_run();
    ok(came_out("abc") && get16(used_at(OUT) + 2) == 1, "until there is room");
    memset(text, 'x', sizeof(text) - 1);
    bench_chardev_full_after = 1;
    guest_sends(PORTS, OUT, text);
    ok(bench_output_len == 4096 && get16(used_at(OUT) + 2) == 1, "a long buffer goes out in pieces");
    wr(PORTS + 0x70, 0);
    fake_io_run();
    bench_output_len = 0;
    bench_chardev_full = false;
    port_fe.writable(port_fe.opaque);
    fake_io_run();
    ok(came_out(""), "a reset forgets the rest of it");
}

/* A saved state: what is under way goes out; the loaded machine's ports are open as they were. */
static void test_state(void)
{
    static char text[2 * 4096 + 1];
    Device *device = NULL;

    for (Device *d = NULL; (d = device_next(d)) != NULL;) {
        device = !strcmp(d->name, "ports") ? d : device;
    }
    open_port(PORTS, PORT);
    memset(text, 'y', sizeof(text) - 1);
    bench_chardev_full_after = 1;
    guest_sends(PORTS, OUT, text);
    device->class->pre_save(device);
    ok(bench_output_len == 4096 && get16(used_at(OUT) + 2) == 1, "before a state is saved what is under way goes out");
    bench_output_len = 0;
    bench_chardev_full = false;
    port_fe.event(port_fe.opaque, CHR_EVENT_CLOSED);
    const unsigned before = messages();

    device->class->post_load(device);
    fake_io_run();
    ok(messages() == before + 1 && message_is(before, PORT, OPEN, 0),
       "when it is loaded the driver is told how the port is now");
    desc_in(queue_at(IN), 0, ROOM, 100, DESC_WRITE, 0);
    avail_in(avail_at(IN), 0);
    bench_frontend = port_fe;
    ok_eq(bench_input("text", 4), 4, "and the port is still open to the program that opened it");
    port_fe.event(port_fe.opaque, CHR_EVENT_OPENED);
}

/* ---- drivers that break the rules ---- */

static void test_broken(void)
{
    start(CONSOLE, MULTIPORT);
    desc_in(queue_at(CONTROL_OUT), 0, MESSAGE, 7, 0, 0);
    avail_in(avail_at(CONTROL_OUT), 0);
    kick(CONSOLE, CONTROL_OUT);
    ok(get16(used_at(CONTROL_OUT) + 2) == 1 && !messages(), "a message that is too short is given back");
    tell(CONSOLE, 0, READY, 0);
    offer_control(CONSOLE, DRIVER_QUEUE_SIZE);
    ok_eq(messages(), 0, "a driver that failed is told nothing");
    start(CONSOLE, MULTIPORT);
    desc_in(queue_at(CONTROL_IN), 0, MESSAGES, 4, DESC_WRITE, 0);
    avail_in(avail_at(CONTROL_IN), 0);
    desc_in(queue_at(CONTROL_IN), 1, MESSAGES, MESSAGE_BYTES, DESC_WRITE, 0);
    avail_in(avail_at(CONTROL_IN), 1);
    tell(CONSOLE, 0, READY, 1);
    ok(messages() == 2 && get32(used_at(CONTROL_IN) + 8) == 0 && message_is(0, 1, ADD, 1),
       "a buffer that is too small for its message comes back empty");
    start(CONSOLE, 0);
    desc_in(queue_at(1), 0, DATA, 0, 0, 0);
    for (unsigned n = 0; n < 2 * DRIVER_QUEUE_SIZE; n++) {
        avail_in(avail_at(1), 0);
        kick(CONSOLE, 1);
    }
    ok(get16(used_at(1) + 2) == 2 * DRIVER_QUEUE_SIZE && came_out(""), "empty buffers are given back");
}

/* Anything in the queues: neither crash nor endless loop, and a reset mends it. */
/* The device asks its back end for more, which calls back at once. */
static void test_turn_within_turn(void)
{
    VirtIO *v = NULL;

    for (Device *d = NULL; (d = device_next(d)) != NULL;) {
        v = !strcmp(d->name, "ports") ? (VirtIO *)(void *)d : v;
    }
    open_port(PORTS, PORT);
    virtio_enter(v);
    v->reset_wanted = true;
    virtio_enter(v);
    ok(v->reset_wanted, "a turn within a turn: no reset in its middle");
    virtio_leave(v);
    ok(v->busy, "its end is not the outer one's");
    virtio_leave(v);
    ok(!v->busy, "which ends as ever");
    virtio_enter(v);
    ok(!v->reset_wanted, "the next one begins with the reset");
    virtio_leave(v);
}

static void test_random(void)
{
    srand(1);
    for (unsigned round = 0; round < 4000; round++) {
        open_port(PORTS, PORT);
        for (unsigned n = 0; n < 8; n++) {
            unsigned queue = (unsigned)rand() % QUEUES;

            bench_chardev_full_after = (unsigned)rand() % 3;
            for (unsigned byte = 0; byte < 4; byte++) {
                bench_ram[queue_at(queue) + (uint32_t)rand() % 0x230] = (uint8_t)(rand() & (rand() & 1 ? 7 : 255));
            }
            avail_in(avail_at(queue), (unsigned)rand() % 4);
            kick(PORTS, queue);
            bench_frontend = port_fe;
            bench_input("0123456789", 10);
            if (rand() & 1) {
                tell(PORTS, (uint32_t)rand() % 6, (unsigned)rand() % 9, (unsigned)rand() & 1);
            }
            bench_chardev_full = false;
            port_fe.writable(port_fe.opaque);
            fake_io_run();
            bench_output_len = 0;
        }
    }
    open_port(PORTS, PORT);
    guest_sends(PORTS, OUT, "works");
    ok(came_out("works"), "random queues: the device works after a reset");
}

int main(void)
{
    static const VirtIOConfig console = {
        .kind = VIRTIO_CONSOLE, .max_ports = 8,
        .port = { [0] = { .there = true, .console = true }, [1] = { .there = true, .name = "org.test" } },
    };
    VirtIOConfig first = console, second = {
        .kind = VIRTIO_CONSOLE, .max_ports = 4, .port = { [PORT] = { .there = true, .name = "port" } },
    };

    bench_init();
    first.port[0].chr = second.port[PORT].chr = bench_chardev();
    virtio_mmio_create(CONSOLE, "console", &first, false, &bench_line[LINE_CONSOLE]);
    console_fe = bench_frontend;
    virtio_mmio_create(PORTS, "ports", &second, false, &bench_line[LINE_PORTS]);
    port_fe = bench_frontend;
    port_fe.event(port_fe.opaque, CHR_EVENT_OPENED);
    test_one_port();
    test_messages();
    test_port();
    test_full();
    test_state();
    test_broken();
    test_turn_within_turn();
    test_random();
    return test_done();
}
