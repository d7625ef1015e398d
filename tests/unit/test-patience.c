/* SPDX-License-Identifier: GPL-2.0-or-later */
/* accel/tcg/patience.h: how long a CPU looks for work before it sleeps. */
#include "accel/tcg/patience.h"
#include "tests/unit/tap.h"

int main(void)
{
    uint32_t patience = 0;
    int waits = 0;

    tap_case(patience_after(0, PATIENCE_SHORT_NS, false) == PATIENCE_MOST_NS,
             "after a short wait a CPU looks for work");
    tap_case(patience_after(0, PATIENCE_SHORT_NS + 1, false) == 0, "after long waits it does not begin to");
    tap_case(patience_after(PATIENCE_MOST_NS, 1, true) == 0, "nor if others want the host's core");
    tap_case(PATIENCE_MOST_NS < PATIENCE_SHORT_NS, "a wait that could have been met by looking is a short one");
    patience = PATIENCE_MOST_NS;
    while (patience && waits < 100) {
        uint32_t next = patience_after(patience, 1000 * 1000, false);

        if (next >= patience || (next && next < PATIENCE_LEAST_NS)) {
            break;
        }
        patience = next;
        waits++;
    }
    tap_case(!patience, "each long wait makes it less, and some make it nothing");
    tap_case(patience_after(patience, 0, false) == PATIENCE_MOST_NS, "one short wait brings it back");
    return tap_done();
}
