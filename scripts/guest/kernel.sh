# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the guest's kernel and device trees into the directory $1. Sourced by scripts/guest/build, which provides
# say(), die(), fetch_debs() and $here; runs in a temporary directory of its own. Any change of this file, of a
# kernel*.config or of full.dts makes new kernels.

KERNEL_SOURCE_PACKAGE=linux-source-6.1
KERNEL_CROSS=arm-linux-gnueabi-
KERNEL_DTB=arm-realview-eb-11mp-ctrevb.dtb
KERNEL_DTB_FULL=arm-realview-eb-11mp-full.dtb

# Prints the path of the source tarball: the installed package's, else the one of a package downloaded for the purpose.
kernel_tarball() {
    local tarball=/usr/src/$KERNEL_SOURCE_PACKAGE.tar.xz
    if [ ! -r "$tarball" ]; then
        say "package $KERNEL_SOURCE_PACKAGE is not installed: downloading it"
        mkdir debs source
        fetch_debs debs all "$KERNEL_SOURCE_PACKAGE"
        dpkg-deb -x debs/*.deb source
        tarball=$PWD/source$tarball
    fi
    echo "$tarball"
}

kernel_make() {
    # Fixed names and date: the same recipe gives the same bytes.
    nice -n 10 make -j"$(nproc)" ARCH=arm CROSS_COMPILE=$KERNEL_CROSS KBUILD_BUILD_USER=pqemu KBUILD_BUILD_HOST=pqemu \
        KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' "$@"
}

# Unpacks the source into ./linux; arguments are more options for tar.
kernel_unpack() {
    local tarball
    tarball=$(kernel_tarball)
    say "kernel: unpacking $tarball"
    # Other architectures' code and the largest drivers' code are never compiled; their Kconfig files stay.
    tar xf "$tarball" --strip-components=1 --one-top-level=linux \
        --exclude='*/Documentation/*.rst' --exclude='*/drivers/gpu/drm/amd/*.[ch]' \
        --exclude='*/arch/[b-z]*/*.[chS]' --exclude='*/tools/testing/*' "$@"
}

# kernel_configure LOG CONFIG...: configures ./linux by the options of all the CONFIG files in $here. Those of the last
# one are demanded: one that Kconfig dropped silently (a dependency, a new name) would surface as a strange guest much
# later. What the others want may depend on something that the last one switches off.
kernel_configure() {
    local log=$1 options=$PWD/options option missing=
    shift
    (cd "$here" && cat "$@") >"$options"
    kernel_make -C linux -s KCONFIG_ALLCONFIG="$options" allnoconfig >"$log" 2>&1 ||
        { cat "$log" >&2; die "kernel configuration failed"; }
    while read -r option; do
        grep -qxF "$option" linux/.config || missing="$missing $option"
    done < <(cd "$here" && grep '^CONFIG_' "${@: -1}")
    [ -z "$missing" ] || die "the kernel does not accept these options:$missing"
}

# build_kernel OUT CONFIG...: see kernel_configure.
build_kernel() {
    local out=$1 log=$PWD/kernel.log
    shift
    command -v ${KERNEL_CROSS}gcc >/dev/null || die "no ${KERNEL_CROSS}gcc: install gcc-arm-linux-gnueabi"
    kernel_unpack
    cp "$here/full.dts" "linux/arch/arm/boot/dts/${KERNEL_DTB_FULL%.dtb}.dts"
    kernel_configure "$log" "$@"
    kernel_compile "$out" "$log"
}

# kernel_compile OUT LOG: what is in ./linux and configured.
kernel_compile() {
    local out=$1 log=$2
    cd linux
    say "kernel: compiling (about 1700 steps, some minutes on two CPUs)"
    kernel_make zImage $KERNEL_DTB $KERNEL_DTB_FULL 2>&1 | tee -a "$log" |
        awk '{ n++ } n % 150 == 0 { printf "guest: kernel: %d steps done\n", n; fflush() }' >&2
    [ "${PIPESTATUS[0]}" = 0 ] || { tail -n 30 "$log" >&2; die "kernel build failed"; }
    cp arch/arm/boot/zImage arch/arm/boot/dts/$KERNEL_DTB arch/arm/boot/dts/$KERNEL_DTB_FULL System.map "$out/"
    cp .config "$out/config"
    cd ..
}
