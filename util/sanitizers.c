/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Defaults of the address sanitizer for the emulator, which it asks for before main(). Only built into sanitizer builds
 * (b_sanitize); nobody else calls anything here. ASAN_OPTIONS in the environment wins.
 *
 * Libraries of tests may come before the sanitizer's (LD_PRELOAD). Leaks are not looked for: machine, caches and
 * translated blocks live until the process ends, and nobody frees them then.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0:verify_asan_link_order=0";
}
