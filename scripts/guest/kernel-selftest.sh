# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the kernel that tests itself into the directory $1, with its modules as an archive to put behind an initramfs:
# /modules/NAME.ko, all in one directory, since the tests insert them by name and in an order of their own. Sourced by
# scripts/guest/build behind kernel.sh; any change of this file makes a new one of these kernels.

build_kernel_selftest() {
    local out=$1 log=$PWD/kernel.log tarball module
    build_kernel "$out" kernel.config kernel-selftest.config
    # build_kernel() leaves out the tools; some of the modules include one header of theirs.
    tarball=/usr/src/$KERNEL_SOURCE_PACKAGE.tar.xz
    [ -r "$tarball" ] || tarball=$PWD/source$tarball
    tar xf "$tarball" --strip-components=1 --one-top-level=linux \
        --wildcards '*/tools/testing/selftests/kselftest_module.h'
    cd linux
    say "kernel: compiling its modules"
    kernel_make modules >>"$log" 2>&1 || { tail -n 30 "$log" >&2; die "the build of the modules failed"; }
    mkdir -p ../root/modules
    while read -r module; do
        # Symbols of the code are all that the kernel's reports need.
        ${KERNEL_CROSS}strip --strip-debug -o "../root/modules/$(basename "$module")" "$module"
    done < <(find . -name '*.ko')
    cd ..
    image_pack "$out/modules.cpio.gz"
}
