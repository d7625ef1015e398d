# SPDX-License-Identifier: GPL-2.0-or-later
# Builds the guest's initramfs images into the directory $1. Sourced by scripts/guest/build, which provides say(),
# die(), fetch_debs() and $here; runs in a temporary directory of its own. Any change of this file or of init makes
# new images; the downloaded packages are kept apart and survive that.

# busybox-static needs nothing else.
PACKAGES_BASE="busybox-static"
# stress-ng, hackbench (rt-tests) and the packages of every library they load; build_stress() checks that none lacks.
PACKAGES_STRESS="stress-ng rt-tests libapparmor1 libatomic1 libbsd0 libc6 libcrypt1 libdrm2 libegl1 libexpat1 libffi8
    libgbm1 libgcc-s1 libgles2 libglvnd0 libjpeg62-turbo libjudydebian1 libkmod2 liblzma5 libmd0 libsctp1 libssl3
    libwayland-server0 libxxhash0 libzstd1 zlib1g"

# Lay out what both images share in the directory root/.
image_skeleton() {
    local applet
    mkdir -p root/bin root/sbin root/dev root/etc root/proc root/sys root/tmp root/usr/bin root/usr/sbin busybox
    dpkg-deb -x "$1"/busybox-static_*.deb busybox
    cp busybox/bin/busybox root/bin/busybox
    cp "$here/init" root/init
    chmod 755 root/init root/bin/busybox
    echo 'root:x:0:0:root:/root:/bin/sh' >root/etc/passwd
    echo 'root:x:0:' >root/etc/group
    # The program cannot be asked: it does not run on the build machine.
    busybox_applets >applets || true
    while read -r applet; do
        [ "$applet" = busybox ] || ln -s busybox "root/bin/$applet"
    done <applets
    [ -L root/bin/sh ] || die "no applet list in busybox-static"
}

# The names of busybox's applets: NUL-separated in one table inside the program, which begins with "[" and "[[" and
# ends with an empty name.
busybox_applets() {
    tr '\0' '\n' <busybox/bin/busybox |
        LC_ALL=C awk 'on && !/^[a-z0-9_.\[-]+$/ { exit } $0 == "[[" && before == "[" { print before; on = 1 }
                      on { print } { before = $0 }'
}

image_pack() {
    (cd root && find . -mindepth 1 | LC_ALL=C sort | cpio --quiet --reproducible -o -H newc -R 0:0 | gzip -9n) >"$1"
}

build_base() {
    say "base image: packing"
    image_skeleton "$2"
    image_pack "$1/initramfs.cpio.gz"
}

# The shared libraries the given programs name; the loader itself is one of them.
needed_libraries() {
    arm-linux-gnueabi-readelf -d "$@" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u
}

build_stress() {
    local deb name file again=1
    say "stress image: packing"
    image_skeleton "$2"
    mkdir all
    for deb in "$3"/*.deb; do
        dpkg-deb -x "$deb" all
    done
    cp all/usr/bin/stress-ng all/usr/bin/hackbench root/usr/bin/
    mkdir -p root/lib/arm-linux-gnueabi
    # Take exactly the libraries that are loaded, theirs included, until a round adds none.
    while [ -n "$again" ]; do
        again=
        for name in $(needed_libraries root/usr/bin/* $(find root/lib -type f)); do
            if [ ! -e "root/lib/arm-linux-gnueabi/$name" ]; then
                file=$(find all/lib all/usr/lib -name "$name" | head -n 1)
                [ -n "$file" ] || die "no package in PACKAGES_STRESS has $name"
                cp -L "$file" "root/lib/arm-linux-gnueabi/$name"
                again=1
            fi
        done
    done
    ln -s arm-linux-gnueabi/ld-linux.so.3 root/lib/ld-linux.so.3
    image_pack "$1/stress.cpio.gz"
}
