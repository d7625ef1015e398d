/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sends random bytes by /dev/spidev0.0 in loop-back mode, and compares what comes back. Argument: how many times.
 *
 * It keeps to the first CPU, which takes the devices' interrupts. Linux 6.1's spi_finalize_current_message(), which
 * runs behind the last of them, wakes the sender and only then asks the message, which lies on the sender's stack,
 * whether to call somebody: a sender on another CPU may have put anything there by then, and the kernel jumps to it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/spi/spidev.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

enum { BYTES = 4096 };          /* as many as the driver takes at once */

int main(int argc, char **argv)
{
    static uint8_t out[BYTES], in[BYTES];
    const int fd = open("/dev/spidev0.0", O_RDWR);
    uint32_t mode = SPI_MODE_0 | SPI_LOOP;
    cpu_set_t first;

    CPU_ZERO(&first);
    CPU_SET(0, &first);
    if (sched_setaffinity(0, sizeof(first), &first)) {
        perror("CPU 0");
        return 1;
    }
    if (fd < 0 || ioctl(fd, SPI_IOC_WR_MODE32, &mode)) {
        perror("spidev");
        return 1;
    }
    for (int n = 0; n < (argc > 1 ? atoi(argv[1]) : 1); n++) {
        struct spi_ioc_transfer transfer = {
            .tx_buf = (uintptr_t)out, .rx_buf = (uintptr_t)in, .len = BYTES, .speed_hz = 1000000, .bits_per_word = 8,
        };

        for (int i = 0; i < BYTES; i++) {
            out[i] = (uint8_t)random();
        }
        memset(in, 0, BYTES);
        if (ioctl(fd, SPI_IOC_MESSAGE(1), &transfer) != BYTES || memcmp(in, out, BYTES)) {
            printf("transfer %d: something else came back\n", n);
            return 1;
        }
    }
    return 0;
}
