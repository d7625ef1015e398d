/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine resets itself, again and again, from any CPU, while the others do all kinds of things: every start finds
 * the state of the first one, all CPUs come up, and interrupts come. What survives a reset is memory that no image
 * covers: the record below.
 * guest-test: cpus=1,2,4 timeout=120 start=entry,pen oracle=no
 */
#include "runtime.h"

enum { ROUNDS = 60, MAGIC = 0x5e7a11ed };
enum { RESETCTL_POWER_ON = 6, LOCK_KEY = 0xa05f };
enum { TIMER_ON = 0x80, TIMER_PERIODIC = 0x40, TIMER_IRQ = 0x20, TIMER_32 = 2, TIMER_ONE_SHOT = 1 };
enum { GRACE_US = 60 * 1000 * 1000 };
#define SYS_RESETCTL    (SYSCTL_BASE + 0x40)

/* In memory that the runner's machine has and nothing is loaded to; zero when the emulator starts. */
static struct record {
    uint32_t magic, rounds, seed;
    uint32_t bad_registers, bad_data, bad_cpu_state, no_timer, no_private_timer;
    uint32_t first_state[MAX_CPUS];     /* of CP15 */
} *const record = (struct record *)0x02000000;

static volatile uint32_t initialized = 0x12345678, cleared, state_of_others, shared, private_timers, timer_came;
static uint32_t new_code[64] __attribute__((aligned(4096)));

static bool registers_as_at_reset(void)
{
    return rd32(SYS_FLAGSSET) == 0 && rd32(SYS_LED) == 0 && rd32(GICD_CTLR) == 0 && rd32(GICD_ISENABLER(1)) == 0 &&
           rd32(GICD_ISPENDR(1)) == 0 && rd32(GICD_ISACTIVER(1)) == 0 &&
           rd32(SP804_01_BASE + SP804_CTRL) == TIMER_IRQ && rd32(SP804_01_BASE + SP804_RIS) == 0 &&
           rd32(TWD_BASE + TWD_CONTROL) == 0 && rd32(TWD_BASE + TWD_STATUS) == 0 &&
           rd32(UART0_BASE + UART_IMSC) == 0 && rd32(UART1_BASE + UART_IMSC) == 0;
}

/* A number that all of these registers go into. */
static uint32_t cp15_state(void)
{
    const uint32_t values[] = {
        sctlr(), CP15_READ(0, c1, c0, 1), CP15_READ(0, c1, c0, 2), CP15_READ(0, c2, c0, 0), CP15_READ(0, c2, c0, 1),
        CP15_READ(0, c2, c0, 2), CP15_READ(0, c3, c0, 0), CP15_READ(0, c5, c0, 0), CP15_READ(0, c5, c0, 1),
        CP15_READ(0, c6, c0, 0), CP15_READ(0, c13, c0, 0), CP15_READ(0, c13, c0, 1), CP15_READ(0, c13, c0, 2),
        CP15_READ(0, c13, c0, 3),
    };
    uint32_t state = 1;

    for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        state = state * 16777619u ^ values[i];
    }
    return state;
}

/* Every start finds what the first found. */
static bool cpu_as_at_reset(void)
{
    uint32_t state = cp15_state();

    if (!record->rounds) {
        record->first_state[cpu_id()] = state;
    }
    return record->first_state[cpu_id()] == state;
}

static void dirty_cpu(void)
{
    CP15_WRITE(0, c3, c0, 0, 0x55555555);
    CP15_WRITE(0, c1, c0, 2, 0x00f00000);
    CP15_WRITE(0, c2, c0, 1, 0x01000000);
    CP15_WRITE(0, c13, c0, 1, 0x4242);
    CP15_WRITE(0, c13, c0, 2, 0x1234);
    CP15_WRITE(0, c13, c0, 3, 0x5678);
}

static void on_interrupt(uint32_t iar)
{
    switch (iar & 0x3ff) {
    case IRQ_TWD:
        wr32(TWD_BASE + TWD_STATUS, 1);
        atomic_add(&private_timers, 1);
        break;
    case IRQ_TIMER01:
        wr32(SP804_01_BASE + SP804_INTCLR, 1);
        timer_came = 1;
        break;
    default:
        break;
    }
}

/* An interrupt of this CPU's timer ends its sleep. */
static void check_private_timer(uint32_t cpu)
{
    uint32_t begin = ticks24(), before;

    (void)cpu;

    if (!cpu_as_at_reset()) {
        atomic_add(&state_of_others, 1);
    }
    dirty_cpu();
    irq_handle(on_interrupt);
    before = irq_count();
    gic_enable(IRQ_TWD, 0x80, 0);
    wr32(TWD_BASE + TWD_LOAD, 5000);
    wr32(TWD_BASE + TWD_CONTROL, 5);
    while (irq_count() == before && us_since(begin) < GRACE_US) {
        wfi();
        irq_enable();
        irq_disable();
    }
    if (irq_count() == before) {
        record->no_private_timer++;
    }
}

static bool timer_interrupt_comes(void)
{
    gic_enable(IRQ_TIMER01, 0x80, 1);
    wr32(SP804_01_BASE + SP804_LOAD, 50);
    wr32(SP804_01_BASE + SP804_CTRL, TIMER_ON | TIMER_IRQ | TIMER_32 | TIMER_PERIODIC);
    irq_enable();
    bool good = WAIT_UNTIL(timer_came, GRACE_US);
    irq_disable();
    return good;
}

/* What a CPU is caught at by the reset; none of these ends. */
static void sleep_in_wfi(void)
{
    for (;;) {
        wfi();
    }
}

static void take_interrupts(void)
{
    wr32(TWD_BASE + TWD_LOAD, 500);
    wr32(TWD_BASE + TWD_CONTROL, 7);
    irq_enable();
    for (;;) {
        wfi();
    }
}

static void wait_for_events(void)
{
    for (;;) {
        wfe();
    }
}

static void spin(void)
{
    for (;;) {
    }
}

static void add_and_signal(void)
{
    for (;;) {
        atomic_add(&shared, 1);
        sev();
    }
}

/* A CPU of its own writes this code: it is its own. */
static void write_code(void)
{
    for (uint32_t n = 0;; n++) {
        new_code[0] = 0xe3a00000 | (n & 0xff);  /* mov r0, #n */
        new_code[1] = 0xe12fff1e;               /* bx lr */
        code_written(new_code, 8);
        if (((uint32_t (*)(void))new_code)() != (n & 0xff)) {
            record->bad_data++;
        }
    }
}

static void read_devices(void)
{
    for (;;) {
        (void)rd32(GICD_ISPENDR(0));
        (void)rd32(SP804_01_BASE + SP804_VALUE);
        wr32(UART1_BASE + UART_DR, 'x');
    }
}

static void translate_and_flush(void)
{
    mmu_on(mmu_new_table());
    for (;;) {
        tlb_flush();
    }
}

static void (*const activities[])(void) = {
    sleep_in_wfi, take_interrupts, wait_for_events, spin, add_and_signal, write_code, read_devices, translate_and_flush,
};
enum { ACTIVITIES = sizeof(activities) / sizeof(activities[0]) };

static void reset_now(void)
{
    delay_us(random32(&record->seed) % 300);
    wr32(SYS_LOCK, LOCK_KEY);
    wr32(SYS_RESETCTL, RESETCTL_POWER_ON);
    /* It comes when the host gets to it. */
    for (;;) {
        if (record->rounds & 1) {
            wfi();
        }
    }
}

/* One CPU resets the machine; the others differ from each other, so that only one of them writes code. */
static void be_caught(uint32_t cpu)
{
    if (cpu == record->rounds % num_cpus()) {
        reset_now();
    }
    activities[(record->rounds / num_cpus() + cpu * 3) % ACTIVITIES]();
}

static void check_start(void)
{
    if (!registers_as_at_reset()) {
        record->bad_registers++;
    }
    if (initialized != 0x12345678 || cleared || new_code[0]) {
        record->bad_data++;
    }
    initialized = 1;
    cleared = 1;
    smp_start();
    wr32(SYS_LED, 0x55);
    run_all(num_cpus(), check_private_timer);
    if (state_of_others) {
        record->bad_cpu_state++;
    }
    if (!timer_interrupt_comes()) {
        record->no_timer++;
    }
}

static void report(void)
{
    ok_eq(record->bad_registers, 0, "devices are as at reset");
    ok_eq(record->bad_data, 0, "memory is loaded again, .bss is clear");
    ok_eq(record->bad_cpu_state, 0, "CPUs are as at reset");
    ok_eq(record->no_private_timer, 0, "private timers' interrupts come");
    ok_eq(record->no_timer, 0, "the SP804's interrupt comes");
    ok_eq(record->rounds, ROUNDS, "all resets came");
}

int test_main(void)
{
    if (record->magic != MAGIC) {
        *record = (struct record) { .magic = MAGIC, .seed = 1 };
    }
    check_start();
    if (record->rounds == ROUNDS) {
        report();
        return 0;
    }
    record->rounds++;
    for (unsigned cpu = 1; cpu < num_cpus(); cpu++) {
        run_on(cpu, be_caught, cpu);
    }
    be_caught(0);
    return 0;
}
