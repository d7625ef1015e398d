# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the kernel with debug information into the directory $1: vmlinux, the scripts that make gdb's lx-... commands,
# and modules as they were built, in the directory modules and as an archive to put behind an initramfs. Sourced by
# scripts/guest/build behind kernel.sh; any change of this file makes a new one of these kernels.

build_kernel_debug() {
    local out=$1 log=$PWD/kernel.log common=$PWD/kernel.config module
    grep -vx CONFIG_DEBUG_INFO_NONE=y "$here/kernel.config" >"$common"
    build_kernel "$out" "$common" kernel-debug.config
    cd linux
    say "kernel: compiling its modules and gdb's scripts"
    kernel_make modules scripts_gdb >>"$log" 2>&1 || { tail -n 30 "$log" >&2; die "the build of the modules failed"; }
    mkdir -p ../root/modules "$out/modules" "$out/scripts"
    find . -name '*.ko' -exec cp {} "$out/modules/" \;
    for module in "$out"/modules/*.ko; do
        ${KERNEL_CROSS}strip --strip-debug -o "../root/modules/${module##*/}" "$module"
    done
    cp vmlinux "$out/"
    # Links into the tree of sources become what they point to.
    cp -rL scripts/gdb "$out/scripts/"
    cp -L vmlinux-gdb.py "$out/"
    cd ..
    image_pack "$out/modules.cpio.gz"
}
