/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PL050 keyboard and mouse interface (ARM DDI 0143), and the device at its other end (hw/input/ps2.h), whose state lies
 * in the same struct under the same lock.
 *
 * One byte at a time is on the wire between them, in either direction, and takes a time. The device sends while the
 * interface is enabled and the byte before has been read; otherwise the clock line is held, and what the device has to
 * say waits in its own memory. A guest is not made to wait for the wire where it does not look: who reads DATA before a
 * byte is there gets the one that is on its way, and who writes two bytes at once has sent both, as programs that never
 * met a real wire expect. The same goes for who looks at the status a few times and then gives up.
 *
 * A guest that enables the interface drives it from then on. Small programs that never do have keys and a mouse all the
 * same, because other emulators do not mind, and the log says once that hardware would.
 */
#include "hw/device.h"
#include "hw/input/pl050.h"
#include "hw/input/ps2.h"
#include "hw/primecell.h"
#include "qemu/log.h"
#include "qemu/timer.h"

enum {
    KMI_CR = 0x00, KMI_STAT = 0x04, KMI_DATA = 0x08, KMI_CLKDIV = 0x0c, KMI_IR = 0x10,
    PL050_PID = 0x00041050,
    CR_ENABLE = 1 << 2, CR_TX_INTERRUPT = 1 << 3, CR_RX_INTERRUPT = 1 << 4, CR_MASK = 0x3f,
    STAT_DATA_IN = 1 << 0, STAT_CLOCK_IN = 1 << 1, STAT_PARITY = 1 << 2, STAT_RX_BUSY = 1 << 3, STAT_RX_FULL = 1 << 4,
    STAT_TX_BUSY = 1 << 5, STAT_TX_EMPTY = 1 << 6,
    IR_RX = 1 << 0, IR_TX = 1 << 1,
};
/* Eleven bits at 12.5 kHz: devices' clocks have 10 to 16.7. */
enum { BYTE_NS = 11 * 80 * 1000 };
enum { LOOKS = 6 };         /* in vain, until what is on the wire is there */
typedef enum Wire { WIRE_IDLE, WIRE_RECEIVES, WIRE_SENDS, WIRE_STATES } Wire;

typedef struct PL050State {
    Device dev;                 /* its lock: everything below that is not said to be constant */
    uint8_t cr, clkdiv;
    uint8_t data;               /* what came last */
    bool full;                  /* it has not been read */
    uint8_t wire;               /* Wire: what is under way until wire_ns */
    uint8_t sent;               /* the byte, if the interface sends; the device's is the first of `output` */
    int64_t wire_ns;            /* virtual time */
    unsigned looks;             /* of the guest since it began */
    PS2Output output;           /* what the device sends */
    PS2Keyboard keyboard;
    PS2Mouse mouse;
    bool level;                 /* of the line */
    bool driven;                /* the guest has enabled it since the reset */
    bool told;                  /* that it uses what it never enabled */
    bool is_mouse;              /* constant; the other one's state is not used */
    const IRQLine *irq;         /* constant */
    QTimer *timer;              /* constant: the end of what is on the wire */
    InputKeyboard input_keyboard;       /* the I/O thread's */
    InputMouse input_mouse;             /* the I/O thread's */
} PL050State;

/* ---- all with the lock held ---- */

static uint32_t interrupts(const PL050State *s)
{
    return (s->wire == WIRE_SENDS ? 0 : IR_TX) | (s->full ? IR_RX : 0);
}

static bool is_on(const PL050State *s)
{
    return (s->cr & CR_ENABLE) || !s->driven;
}

static void begin(PL050State *s, Wire what)
{
    if (!(s->cr & CR_ENABLE) && !s->told && qemu_log_enabled(LOG_GUEST_ERROR)) {
        s->told = true;
        qemu_log("%s: the interface is off, and works here only because it was never enabled: set bit 2 of KMICR\n",
                 s->dev.name);
    }
    s->wire = what;
    s->looks = 0;
    s->wire_ns = clock_virtual_ns() + BYTE_NS;
    timer_mod(s->timer, s->wire_ns);
}

/* The device has the wire if it may and has something to say. The only caller of irq_set(). */
static void update(PL050State *s)
{
    const bool may = is_on(s) && !s->full && ps2_output_ready(&s->output);
    const uint32_t wanted = (s->cr & CR_TX_INTERRUPT ? IR_TX : 0) | (s->cr & CR_RX_INTERRUPT ? IR_RX : 0);

    if (s->wire == WIRE_IDLE && may) {
        begin(s, WIRE_RECEIVES);
    } else if (s->wire == WIRE_RECEIVES && !may) {
        s->wire = WIRE_IDLE;    /* the device will send it again */
        timer_del(s->timer);
    }
    const bool level = interrupts(s) & wanted;

    if (level != s->level) {
        s->level = level;
        irq_set(s->irq, level);
    }
}

/* What is on the wire is there. */
static void arrive(PL050State *s)
{
    const Wire what = (Wire)s->wire;

    s->wire = WIRE_IDLE;
    timer_del(s->timer);
    if (what == WIRE_RECEIVES) {
        s->data = ps2_output_take(&s->output);
        s->full = true;
        if (s->is_mouse) {
            ps2_mouse_continue(&s->mouse, &s->output);
        }
    } else if (what == WIRE_SENDS && s->is_mouse) {
        ps2_mouse_write(&s->mouse, &s->output, s->sent);
    } else if (what == WIRE_SENDS) {
        ps2_keyboard_write(&s->keyboard, &s->output, s->sent);
    }
    update(s);
}

/* Odd parity: the bit that makes the number of ones odd. */
static uint32_t parity(uint8_t v)
{
    return __builtin_parity(v) ? 0 : STAT_PARITY;
}

static uint32_t read_data(PL050State *s)
{
    while (!s->full && s->wire != WIRE_IDLE) {
        arrive(s);
    }
    s->full = false;
    update(s);
    return s->data;
}

/* The guest asks how far it is. */
static void look(PL050State *s)
{
    if (s->wire != WIRE_IDLE && ++s->looks > LOOKS) {
        arrive(s);
    }
}

static void send(PL050State *s, uint8_t byte)
{
    if (!is_on(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "pl050: 0x%02x written while not enabled\n", byte);
        return;
    }
    if (s->wire == WIRE_SENDS) {
        arrive(s);
    }
    s->sent = byte;
    begin(s, WIRE_SENDS);
}

static uint32_t status(const PL050State *s)
{
    return STAT_DATA_IN | STAT_CLOCK_IN | parity(s->data) | (s->full ? STAT_RX_FULL : 0) |
           (s->wire == WIRE_RECEIVES ? STAT_RX_BUSY : 0) | (s->wire == WIRE_SENDS ? STAT_TX_BUSY : STAT_TX_EMPTY);
}

/* ---- registers ---- */

static uint32_t pl050_read(void *opaque, uint32_t offset, unsigned size, unsigned cpu)
{
    PL050State *s = opaque;
    uint32_t v = 0;

    if (primecell_is_id(offset)) {
        return primecell_id_read(PL050_PID, offset);
    }
    counted_lock(&s->dev.lock);
    switch (offset) {
    case KMI_CR:
        v = s->cr;
        break;
    case KMI_STAT:
        look(s);
        v = status(s);
        break;
    case KMI_DATA:
        v = read_data(s);
        break;
    case KMI_CLKDIV:
        v = s->clkdiv;
        break;
    case KMI_IR:
        look(s);
        v = interrupts(s);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl050: bad read at 0x%x\n", offset);
        break;
    }
    counted_unlock(&s->dev.lock);
    return v;
}

static void pl050_write(void *opaque, uint32_t offset, uint32_t value, unsigned size, unsigned cpu)
{
    PL050State *s = opaque;

    counted_lock(&s->dev.lock);
    switch (offset) {
    case KMI_CR:
        s->cr = value & CR_MASK;
        s->driven |= s->cr & CR_ENABLE;
        if (!is_on(s) && s->wire == WIRE_SENDS) {
            arrive(s);
        }
        break;
    case KMI_DATA:
        send(s, (uint8_t)value);
        break;
    case KMI_CLKDIV:
        s->clkdiv = value & 0xf;
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "pl050: bad write at 0x%x\n", offset);
        break;
    }
    update(s);
    counted_unlock(&s->dev.lock);
}

static const MMIOOps pl050_ops = { pl050_read, pl050_write };

/* Any thread. */
static void wire_timer(void *opaque)
{
    PL050State *s = opaque;

    counted_lock(&s->dev.lock);
    if (s->wire != WIRE_IDLE && clock_virtual_ns() >= s->wire_ns) {
        arrive(s);
    }
    counted_unlock(&s->dev.lock);
}

/* ---- the input core's side; I/O thread ---- */

static InputRoom keyboard_room(void *opaque)
{
    PL050State *s = opaque;

    counted_lock(&s->dev.lock);
    const InputRoom room = ps2_keyboard_room(&s->keyboard, &s->output);
    const bool unread = s->full;
    counted_unlock(&s->dev.lock);
    return unread && room == INPUT_EMPTY ? INPUT_ROOM : room;
}

static void keyboard_key(void *opaque, InputKey key, bool down)
{
    PL050State *s = opaque;

    counted_lock(&s->dev.lock);
    ps2_keyboard_key(&s->keyboard, &s->output, key, down);
    update(s);
    counted_unlock(&s->dev.lock);
}

static void mouse_event(void *opaque, int dx, int dy, int dz, unsigned buttons)
{
    PL050State *s = opaque;

    counted_lock(&s->dev.lock);
    ps2_mouse_event(&s->mouse, &s->output, dx, dy, dz, buttons);
    update(s);
    counted_unlock(&s->dev.lock);
}

/* ---- the device ---- */

static void pl050_reset(void *opaque)
{
    PL050State *s = opaque;

    counted_lock(&s->dev.lock);
    s->cr = s->clkdiv = s->data = s->wire = s->sent = 0;
    s->full = s->driven = s->told = false;
    timer_del(s->timer);
    if (s->is_mouse) {
        ps2_mouse_reset(&s->mouse, &s->output);
    } else {
        ps2_keyboard_reset(&s->keyboard, &s->output);
    }
    update(s);
    counted_unlock(&s->dev.lock);
}

static void pl050_post_load(void *opaque)
{
    PL050State *s = opaque;

    counted_lock(&s->dev.lock);
    ps2_output_bound(&s->output);
    if (s->is_mouse) {
        ps2_mouse_bound(&s->mouse);
    } else {
        ps2_keyboard_bound(&s->keyboard);
    }
    s->driven |= s->cr & CR_ENABLE;     /* older states do not say */

    const int64_t latest = clock_virtual_ns() + BYTE_NS;

    s->wire = s->wire < WIRE_STATES ? s->wire : WIRE_IDLE;
    timer_del(s->timer);
    if (s->wire != WIRE_IDLE) {
        s->wire_ns = s->wire_ns < latest ? s->wire_ns : latest;
        timer_mod(s->timer, s->wire_ns);
    }
    update(s);
    counted_unlock(&s->dev.lock);
}

#define COMMON_FIELDS \
    DEVICE_FIELD(PL050State, cr), DEVICE_FIELD(PL050State, clkdiv), DEVICE_FIELD(PL050State, data), \
    DEVICE_ARRAY(PL050State, output.answer), DEVICE_ARRAY(PL050State, output.event), \
    DEVICE_FIELD(PL050State, output.answers), DEVICE_FIELD(PL050State, output.events), \
    DEVICE_FIELD(PL050State, output.first), DEVICE_FIELD(PL050State, output.last), \
    DEVICE_FIELD_SINCE(PL050State, full, 2), DEVICE_FIELD_SINCE(PL050State, wire, 2), \
    DEVICE_FIELD_SINCE(PL050State, sent, 2), DEVICE_FIELD_SINCE(PL050State, wire_ns, 2), \
    DEVICE_FIELD_SINCE(PL050State, driven, 3)

static const DeviceField keyboard_fields[] = {
    COMMON_FIELDS, DEVICE_FIELD(PL050State, keyboard.command), DEVICE_FIELD(PL050State, keyboard.set),
    DEVICE_FIELD(PL050State, keyboard.leds), DEVICE_FIELD(PL050State, keyboard.rate),
    DEVICE_FIELD(PL050State, keyboard.scanning), DEVICE_ARRAY(PL050State, keyboard.no_break),
    DEVICE_FIELD_SINCE(PL050State, keyboard.overrun, 2),
    { 0 },
};

static const DeviceField mouse_fields[] = {
    COMMON_FIELDS, DEVICE_FIELD(PL050State, mouse.command), DEVICE_FIELD(PL050State, mouse.id),
    DEVICE_FIELD(PL050State, mouse.rate), DEVICE_FIELD(PL050State, mouse.resolution),
    DEVICE_ARRAY(PL050State, mouse.knock), DEVICE_FIELD(PL050State, mouse.reporting),
    DEVICE_FIELD(PL050State, mouse.doubled), DEVICE_FIELD(PL050State, mouse.remote),
    DEVICE_FIELD(PL050State, mouse.wrap),
    DEVICE_FIELD(PL050State, mouse.dx), DEVICE_FIELD(PL050State, mouse.dy), DEVICE_FIELD(PL050State, mouse.dz),
    DEVICE_FIELD(PL050State, mouse.buttons), DEVICE_FIELD(PL050State, mouse.sent_buttons),
    { 0 },
};

static const MMIORegister pl050_registers[] = {
    { KMI_CR, "CR" }, { KMI_STAT, "STAT" }, { KMI_DATA, "DATA" }, { KMI_CLKDIV, "CLKDIV" }, { KMI_IR, "IR" },
    { 0 },
};

#define PL050_CLASS(n, f) { \
    .name = (n), .state_size = sizeof(PL050State), .version = 3, .fields = (f), \
    .node = { .name = "kmi", .compatible = { "arm,pl050", "arm,primecell" }, .clocks = { "KMIREFCLK", "apb_pclk" } }, \
    .registers = pl050_registers, .reset = pl050_reset, .post_load = pl050_post_load, \
}
static const DeviceClass keyboard_class = PL050_CLASS("pl050-keyboard", keyboard_fields);
static const DeviceClass mouse_class = PL050_CLASS("pl050-mouse", mouse_fields);

static PL050State *create(const DeviceClass *class, uint32_t base, const char *name, const IRQLine *irq)
{
    PL050State *s = device_new(class, name);

    s->irq = irq;
    s->is_mouse = class == &mouse_class;
    s->timer = timer_new_line(wire_timer, s);
    device_add(&s->dev);
    device_map(&s->dev, base, 0x1000, &pl050_ops);
    return s;
}

void pl050_create_keyboard(uint32_t base, const char *name, const IRQLine *irq)
{
    PL050State *s = create(&keyboard_class, base, name, irq);

    s->input_keyboard = (InputKeyboard) { .key = keyboard_key, .room = keyboard_room, .opaque = s };
    input_add_keyboard(&s->input_keyboard);
}

void pl050_create_mouse(uint32_t base, const char *name, const IRQLine *irq)
{
    PL050State *s = create(&mouse_class, base, name, irq);

    s->input_mouse = (InputMouse) { .name = "PS/2 Mouse", .event = mouse_event, .opaque = s };
    input_add_mouse(&s->input_mouse);
}
