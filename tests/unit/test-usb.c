/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ISP1761: registers, memory, transfers; hubs; what control transfers say; keyboard, mouse and tablet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <glib.h>
#include "device-stubs.h"
#include "fake-clock.h"
#include "hw/usb/isp1761.h"
#include "hw/usb/usb-devices.h"
#include "ui/input.h"
#include "usb-driver.h"

enum { HUB = 1, KEYBOARD = 2, MOUSE = 3, TABLET = 4, OUTER = 5, FAR = 6 };

static USBBus *bus;
static const UsbTarget hub0 = { .packet = 64 }, hub = { .address = HUB, .packet = 64 };

static USBDevice *plug(USBKind kind, const char *port)
{
    USBConfig config;
    char *error = NULL;
    USBDevice *d;

    usb_config_init(&config, kind);
    config.port = g_strdup(port);
    d = usb_new(bus, &config, &error);
    if (!d) {
        printf("# %s\n", error);
    }
    return d;
}

static void test_registers(void)
{
    ok(usb_rd(0) == 0x01000020 && usb_rd(4) == 0x11 && usb_rd(8) == 0x86, "an EHCI with one port");
    ok_eq(usb_rd(0x304), 0x00011761, "chip");
    ok(usb_rd(0x270) == 0x00158210 && reg_read_as(0, USB_BASE + 2, 2) == 0x100, "peripheral controller, version");
    usb_wr(0x308, 0xdeadcafe);
    usb_wr(0x278, 0x1babe);
    ok(usb_rd(0x308) == 0xdeadcafe && usb_rd(0x278) == 0xbabe, "scratch registers");
    ok(usb_rd(0x24) == 0x1000 && usb_rd(0x64) == 0x2000 && usb_rd(0x300) == 0x100 && usb_rd(0x134) == ~0u, "at reset");
    usb_wr(0x374, 0x10);
    ok_eq(usb_rd(0x374), 0x96, "OTG: bits are set by the lower half");
    usb_wr(0x374, 0x90u << 16);
    ok_eq(usb_rd(0x374), 0x06, "and cleared by the upper one");
    reg_write_as(0, USB_BASE + 0x376, 0x04, 2);
    ok_eq(usb_rd(0x374), 0x02, "also by 16 bits");
    usb_wr(0x30c, 1);
    ok(!usb_rd(0x308) && usb_rd(0x374) == 0x86, "software reset");
    usb_wr(0x20, 1);
    const uint32_t frame = usb_rd(0x2c);

    bench_advance(125000 * 20);
    ok_eq(usb_rd(0x2c) - frame, 20, "microframes are counted");
    ok(!(usb_rd(0x24) & 0x1000), "it runs");
    usb_wr(0x314, 2);
    usb_wr(0x300, 0x101);
    bench_advance(1000000);
    ok(bench_level[0] && usb_rd(0x310) == 2, "an interrupt at the begin of a frame");
    usb_wr(0x310, 2);
    ok(!bench_level[0], "is taken back");
    bench_advance(1000000);
    ok(bench_level[0], "and comes again");
    usb_wr(0x314, 0);
    ok(!bench_level[0], "until it is not wanted");
}

static void test_memory(void)
{
    usb_wr(0x1000, 0x11223344);
    usb_wr(0x1004, 0x55667788);
    usb_wr(0xfffc, 0x99aabbcc);
    usb_wr(0x33c, 0x1000);
    ok(usb_rd(0x1000) == 0x11223344 && usb_rd(0x1000) == 0x55667788, "reads go on from where MEMORY was set to");
    usb_wr(0x33c, 0x1fffc);
    usb_wr(0x33c, 0x01004);
    ok(usb_rd(0x1f000) == 0x99aabbcc && usb_rd(0xf000) == 0x55667788, "each bank has a place of its own");
    usb_wr(0x33c, 0x1002);
    ok(reg_read_as(0, USB_BASE + 0x1000, 2) == 0x1122 && reg_read_as(0, USB_BASE + 0x1000, 1) == 0x88,
       "16 bits, a byte");
}

static void test_root_port(void)
{
    usb_wr(0x30c, 1);
    usb_wr(0x60, 1);
    usb_wr(0x64, 0x1000);
    ok_eq(usb_rd(0x64) & 0x3fff, 0x1803, "the hub is there when there is power");
    ok(usb_rd(0x24) & 4, "a port has changed");
    usb_wr(0x64, 0x1002);
    ok_eq(usb_rd(0x64) & 3, 1, "the change is taken back");
    usb_wr(0x64, 0x1100);
    ok_eq(usb_rd(0x64) & 0x104, 0x100, "during reset it is not enabled");
    usb_wr(0x64, 0x1000);
    ok_eq(usb_rd(0x64) & 0x104, 0x004, "after it, it is");
    usb_wr(0x64, 0x1084);
    ok_eq(usb_rd(0x64) & 0x84, 0x84, "suspended");
    usb_wr(0x64, 0x10c4);
    usb_wr(0x64, 0x1004);
    ok_eq(usb_rd(0x64) & 0xc4, 0x04, "resumed");
    usb_wr(0x64, 0);
    ok_eq(usb_rd(0x64) & 0x1005, 0, "without power nobody is there");
}

static void test_hub(void)
{
    uint8_t d[256];

    usb_start();
    ok(usb_control(&hub0, 0x8006, 0x100, 0, d, 18) == 18 && d[8] == 0xcc && d[10] == 0x61 && d[11] == 0x17, "hub");
    ok_eq((uint64_t)usb_control(&hub0, 0x0005, HUB, 0, NULL, 0), 0, "it gets an address");
    ok(usb_control(&hub0, 0x8000, 0, 0, d, 2) == PTD_ERROR, "nobody is at the old one");
    ok(usb_control(&hub, 0x8006, 0x200, 0, d, 255) == 25 && d[2] == 25, "configuration");
    ok(usb_control(&hub, 0x8006, 0x302, 0, d, 255) == 2 + 2 * 7 && d[2] == 'U', "its name");
    ok(usb_control(&hub, 0x8006, 0x307, 0, d, 255) == PTD_STALLED, "a string that it has not");
    ok(usb_control(&hub, 0x8000, 0, 0, d, 2) == 2 && d[0] == 1, "and it goes on after that");
    ok(usb_control(&hub, 0x0009, 7, 0, NULL, 0) == PTD_STALLED && !usb_control(&hub, 0x0009, 1, 0, NULL, 0) &&
       usb_control(&hub, 0x8008, 0, 0, d, 1) == 1 && d[0] == 1, "it is configured");
    ok(usb_control(&hub, 0xa006, 0x2900, 0, d, 255) == 9 && d[2] == 3, "three ports");
    ok(usb_control(&hub, 0xa300, 0, 4, d, 4) == PTD_STALLED && usb_control(&hub, 0xa300, 0, 0, d, 4) == PTD_STALLED,
       "and no more");
    ok(usb_rd(0x310) & 0x100, "ends are interrupts");
    ok(bench_level[0], "on the line");
    usb_wr(0x310, ~0u);
    ok(!bench_level[0], "until they are taken back");
}

static void test_masks(void)
{
    usb_wr(0x320, 2);
    usb_begin(&hub, 0, TOKEN_SETUP, "\x80\0\0\0\0\0\2", 8);
    ok(!(usb_rd(0x310) & 0x100) && usb_rd(0x150) == 1 && usb_rd(0x150) == 0, "OR mask: an end that is not in it");
    usb_wr(0x320, 0);
    usb_wr(0x32c, 3);
    usb_begin(&hub, 0, TOKEN_SETUP, "\x80\0\0\0\0\0\2", 8);
    ok(!(usb_rd(0x310) & 0x100), "AND mask: one of two");
    usb_begin(&hub, 1, TOKEN_SETUP, "\x80\0\0\0\0\0\2", 8);
    ok(usb_rd(0x310) & 0x100, "both");
    usb_rd(0x150);
    usb_wr(0x310, ~0u);
    usb_wr(0x32c, 0);
    usb_wr(0x320, ~0u);
}

/* What no driver should write. */
static void test_mistakes(void)
{
    UsbTarget odd = hub;
    uint8_t d[64];

    odd.packet = 0;
    ok(usb_transfer(&odd, TOKEN_OUT, d, 8) == PTD_ERROR, "packets of no bytes");
    ok(usb_transfer(&hub, TOKEN_SETUP, d, 3) == PTD_ERROR, "a SETUP packet of 3 bytes");
    usb_control(&hub, 0x8000, 0, 0, d, 2);
    usb_transfer(&hub, TOKEN_SETUP, (uint8_t[]) { 0x80, 6, 0, 1, 0, 0, 18, 0 }, 8);
    ok(usb_transfer(&hub, TOKEN_IN, d, 4) == PTD_BABBLE, "more comes than there is room for");
    usb_wr(0x1000, 0);
    usb_wr(0xc04, HUB << 3 | TOKEN_SETUP << 10);
    usb_wr(0xc08, 0xffff << 8);
    usb_wr(0xc0c, 1u << 31 | 0x7fff);
    usb_wr(0xc00, 1 | 0x7fff << 3 | 0x7ff << 18);
    usb_wr(0x154, ~1u);
    ok(!(usb_rd(0x150) & ~1u), "addresses and lengths beyond the memory");
    usb_wr(0x154, ~0u);
}

/* Its interrupt endpoint: which ports have changed. */
static void test_hub_changes(void)
{
    const UsbTarget changes = { .address = HUB, .endpoint = 1, .packet = 1, .interrupt = true };
    uint8_t d[4];

    for (unsigned port = 1; port <= 3; port++) {
        usb_control(&hub, 0x2303, 8, port, NULL, 0);
    }
    usb_begin(&changes, 2, TOKEN_IN, NULL, 1);
    ok(!usb_rd(0x140), "nothing has changed");
    USBDevice *keyboard = plug(USB_KEYBOARD, NULL);

    ok(!strcmp(keyboard->path, "2"), "the first port that is the host's in any case");
    ok(usb_end(&changes, 2, d, 1) == 1 && d[0] == 4, "a port changes while the host waits for that");
    ok(usb_control(&hub, 0xa300, 0, 2, d, 4) == 4 && d[0] == 1 && d[1] == 3 && d[2] == 1, "low speed, a new device");
    usb_begin_now(&changes, 1, TOKEN_IN, NULL, 1);
    ok(usb_end(&changes, 1, d, 1) == PTD_WAITS, "a change that the driver has not seen to is not told again at once");
    usb_begin_now(&changes, 1, TOKEN_IN, NULL, 1);
    bench_advance(1000000);
    ok(usb_end(&changes, 1, d, 1) == 1 && d[0] == 4, "but in the next frame");
    usb_control(&hub, 0x2301, 16, 2, NULL, 0);
    usb_unplug(keyboard);
    ok(usb_control(&hub, 0xa300, 0, 2, d, 4) == 4 && d[0] == 0 && d[2] == 1, "and gone again");
    usb_control(&hub, 0x2301, 16, 2, NULL, 0);
}

static void test_speeds(const UsbTarget *keyboard)
{
    UsbTarget wrong = *keyboard;
    uint8_t d[2];

    wrong.hub = 0;
    ok(usb_control(&wrong, 0x8000, 0, 0, d, 2) == PTD_ERROR, "a device of low speed is reached by splits alone");
    wrong = *keyboard;
    wrong.port = 3;
    ok(usb_control(&wrong, 0x8000, 0, 0, d, 2) == PTD_ERROR, "by its own port");
    wrong = *keyboard;
    wrong.low = false;
    ok(usb_control(&wrong, 0x8000, 0, 0, d, 2) == PTD_ERROR, "at its own speed");
    wrong = hub;
    wrong.hub = HUB;
    ok(usb_control(&wrong, 0x8000, 0, 0, d, 2) == PTD_ERROR, "and one of high speed is not");
}

static const char *hex(const uint8_t *d, int n)
{
    static char text[64];

    text[0] = 0;
    for (int i = 0; i < n && i < 16; i++) {
        snprintf(text + 2 * i, sizeof(text) - 2 * (size_t)i, "%02x", d[i]);
    }
    return n == PTD_WAITS ? "nothing" : n < 0 ? "error" : text;
}

static void report(const UsbTarget *t, unsigned len, const char *want, const char *what)
{
    const UsbTarget in = { t->address, 1, len, t->hub, t->port, t->low, true };
    uint8_t d[16];
    const int n = usb_transfer(&in, TOKEN_IN, d, len);

    ok(!strcmp(hex(d, n), want), "%s", what);
    if (strcmp(hex(d, n), want)) {
        printf("# got %s, want %s\n", hex(d, n), want);
    }
}

static void test_keyboard(void)
{
    UsbTarget t, in;
    uint8_t d[128];

    plug(USB_KEYBOARD, "2");
    ok(usb_enumerate(&hub, 2, KEYBOARD, &t), "keyboard");
    test_speeds(&t);
    in = (UsbTarget) { KEYBOARD, 1, 8, HUB, 2, true, true };
    ok(usb_control(&t, 0x8106, 0x2200, 0, d, 128) == 65 && d[3] == 6, "its report's descriptor");
    ok(usb_control(&t, 0x8106, 0x2100, 0, d, 64) == 9 && d[7] == 65, "which its HID descriptor says");
    report(&t, 8, "nothing", "no key was pressed");
    usb_begin(&in, 2, TOKEN_IN, NULL, 8);
    input_key(KEY_SHIFT, true);
    ok(usb_end(&in, 2, d, 8) == 8 && !strcmp(hex(d, 8), "0200000000000000"), "a key comes while the host waits");
    input_key(KEY_A, true);
    input_key(KEY_A, false);
    input_key(KEY_SHIFT, false);
    report(&t, 8, "0200040000000000", "a key beside it");
    report(&t, 8, "0200000000000000", "each release has a report of its own");
    report(&t, 8, "0000000000000000", "all are up");
    report(&t, 8, "nothing", "and that is all");
    for (unsigned i = 0; i < 7; i++) {
        input_key(KEY_Q + i, true);
    }
    for (unsigned i = 0; i < 6; i++) {
        usb_transfer(&in, TOKEN_IN, d, 8);
    }
    ok(!strcmp(hex(d, 8), "0000141a0815171c"), "six keys");
    report(&t, 8, "0000010101010101", "more than six");
    ok(usb_control(&t, 0xa101, 0x100, 0, d, 8) == 8 && !strcmp(hex(d, 8), "0000010101010101"), "when asked, too");
    for (unsigned i = 0; i < 7; i++) {
        input_key(KEY_Q + i, false);
        usb_transfer(&in, TOKEN_IN, d, 8);
    }
    d[0] = 6;
    ok(usb_control(&t, 0x2109, 0x200, 0, d, 1) == 1 && input_leds() == (INPUT_LED_CAPS | INPUT_LED_SCROLL), "lights");
    ok(!usb_control(&t, 0x210b, 0, 0, NULL, 0) && usb_control(&t, 0xa103, 0, 0, d, 1) == 1 && d[0] == 0 &&
       usb_control(&t, 0x210b, 2, 0, NULL, 0) == PTD_STALLED, "protocols");
    ok(!usb_control(&t, 0x210a, 10 << 8, 0, NULL, 0) && usb_control(&t, 0xa102, 0, 0, d, 1) == 1 && d[0] == 10,
       "a report each 40 ms");
    usb_begin(&in, 2, TOKEN_IN, NULL, 8);
    bench_advance(41000000);
    ok(usb_end(&in, 2, d, 8) == 8 && !strcmp(hex(d, 8), "0000000000000000"), "comes without news");
    usb_control(&t, 0x210a, 0, 0, NULL, 0);
    for (unsigned i = 0; i < 1000; i++) {
        input_key(KEY_A, true);
        input_key(KEY_A, false);
    }
    unsigned n = 0;

    while (usb_transfer(&in, TOKEN_IN, d, 8) == 8) {
        n++;
    }
    ok_eq(n, 64, "what is too much is dropped");
    ok(usb_control(&t, 0x0203, 0, 0x81, NULL, 0) == 0 && usb_transfer(&in, TOKEN_IN, d, 8) == PTD_STALLED,
       "an endpoint that is halted");
    ok(usb_control(&t, 0x8200, 0, 0x81, d, 2) == 2 && d[0] == 1 && !usb_control(&t, 0x0201, 0, 0x81, NULL, 0),
       "says so, and is not any more");
    report(&t, 8, "nothing", "then");
}

/* Answers NAK so often, then gives up, if the PTD wants it so. */
static void test_nak_count(void)
{
    usb_begin(&(UsbTarget) { KEYBOARD, 1, 8, HUB, 2, true, false }, 3, TOKEN_IN, NULL, 8);
    usb_wr(0x154, ~0u);
    usb_wr(0xc00 + 3 * 32 + 8, 3u << 25);
    usb_wr(0xc00 + 3 * 32 + 12, 1u << 31 | 3u << 23 | 3u << 19);
    usb_wr(0xc00 + 3 * 32, 1 | 8 << 3 | 8 << 18 | 1u << 31);
    usb_rd(0x150);
    usb_wr(0x154, ~8u);
    ok(!usb_rd(0x150), "two more tries");
    bench_advance(1000000);
    ok_eq(usb_rd(0x150), 8, "then it is over");
    usb_wr(0x33c, 0xc00 + 3 * 32);
    ok(!(usb_rd(0xc60) & 1), "the PTD is not valid");
    usb_wr(0x33c, 0xc00 + 3 * 32 + 12);
    ok_eq(usb_rd(0xc6c) & (1u << 31 | 15u << 19), 1u << 31, "but active, and the count is 0");
    usb_wr(0x154, ~0u);
}

static void test_mouse(void)
{
    UsbTarget t;

    plug(USB_MOUSE, "3");
    ok(usb_enumerate(&hub, 3, MOUSE, &t), "mouse");
    report(&t, 4, "nothing", "no movement");
    input_move(3, -2, 0);
    input_move(4, 0, 1);
    report(&t, 4, "0007feff", "movement is added up, the wheel goes the other way");
    report(&t, 4, "nothing", "and told once");
    input_move(300, 0, 0);
    input_buttons(INPUT_LEFT);
    input_buttons(0);
    report(&t, 4, "007f0000", "much movement");
    report(&t, 4, "007f0000", "in several reports");
    report(&t, 4, "002e0000", "the rest");
    report(&t, 4, "01000000", "then the button");
    report(&t, 4, "00000000", "which was released");
    usb_control(&t, 0x210b, 0, 0, NULL, 0);
    input_move(1, 1, 1);
    report(&t, 4, "000101", "boot protocol");
}

static void test_tablet(void)
{
    const UsbTarget outer = { .address = OUTER, .packet = 64 };
    UsbTarget t;

    plug(USB_HUB, "1");
    USBDevice *tablet = plug(USB_TABLET, NULL);

    ok(tablet && !strcmp(tablet->path, "1.1"), "a hub's port, when the others are taken");
    ok(usb_enumerate(&hub, 1, OUTER, &t) && !t.hub, "a hub on the hub");
    ok(usb_enumerate(&outer, 1, TABLET, &t) && t.hub == OUTER && !t.low, "full speed, by that hub");
    input_point(100, 100, 640, 480);
    ok(!input_is_absolute(), "the mouse gets what is pointed at");
    report(&t, 8, "nothing", "until the guest asks the tablet");
    input_point(0, 479, 640, 480);
    report(&t, 8, "000000ff7f00", "a corner");
    input_point(639, 0, 640, 480);
    input_buttons(INPUT_RIGHT);
    input_move(0, 0, -1);
    input_buttons(0);
    report(&t, 8, "00ff7f000000", "another one");
    report(&t, 8, "02ff7f000001", "a button, and the wheel");
    report(&t, 8, "00ff7f000000", "and up");
    input_point(-5, 1000, 640, 480);
    report(&t, 8, "000000ff7f00", "places beyond the screen");
    input_move(5, 0, 0);
    report(&t, 8, "000000ff7f00", "movement is another mouse's");
    usb_control(&hub, 0x2301, 1, 1, NULL, 0);
    ok(usb_control(&t, 0x8000, 0, 0, NULL, 0) == PTD_ERROR, "its hub's port is switched off");
    usb_unplug(*bus->root->class->port(bus->root, 1));
    ok(!input_is_absolute() && usb_next(bus, NULL), "a hub takes with it what hangs on it");
}

/* The user's mistakes. */
static void test_ports(void)
{
    ok(!plug(USB_MOUSE, "4") && !plug(USB_MOUSE, "2.1") && !plug(USB_MOUSE, "2") && !plug(USB_MOUSE, "x") &&
       !plug(USB_MOUSE, "") && !plug(USB_MOUSE, "1."), "ports that there are not");
    char path[32] = "1";
    unsigned depth = 1;

    while (plug(USB_HUB, path)) {
        snprintf(path + strlen(path), sizeof(path) - strlen(path), ".1");
        depth++;
    }
    ok_eq(depth, 6, "hubs behind hubs");
    usb_unplug(*bus->root->class->port(bus->root, 1));
    for (unsigned i = 0; i < 7; i++) {
        usb_unplug(plug(USB_HUB, "1"));
    }
    ok(usb_free_ports(bus) == 0, "the first port is for those who name it");
}

int main(void)
{
    bench_init();
    bus = isp1761_create(USB_BASE, 0x20000, "usb", &bench_line[0]);
    bench_reset();
    test_registers();
    test_memory();
    test_root_port();
    test_hub();
    test_masks();
    test_mistakes();
    test_hub_changes();
    test_keyboard();
    test_nak_count();
    test_mouse();
    test_tablet();
    test_ports();
    bench_reset();
    ok(usb_rd(0x64) == 0x2000 && !bench_level[0] && !usb_find(bus, KEYBOARD), "reset");
    return test_done();
}
