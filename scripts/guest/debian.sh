# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 12 for the guest, as the image of an SD card; desktop.sh has what one with a desktop has besides. Sourced by
# scripts/guest/build, which provides say(), die(), $here, $cache, $release and $keyring. Two steps, each kept when it is done: the packages are fetched and unpacked by debootstrap
# (no root needed: fakeroot keeps owners), then Debian sets itself up inside our own emulator, since its programs are ARM's.

DEBIAN_SIZE=4G
DEBIAN_PACKAGES=systemd,systemd-sysv,systemd-timesyncd,udev,dbus,openssh-server,iproute2,iputils-ping,netbase,procps,kmod,e2fsprogs,ca-certificates,less,nano,wget

# The first stage: a tree with all PACKAGES fetched, as a tar with owners and devices.
build_debian_stage1() {
    local packages=$2 mirror=${PQEMU_DEBIAN_MIRROR:-$(debian_mirror)} debootstrap
    debootstrap=$(PATH=$PATH:/usr/sbin command -v debootstrap) || die "debootstrap is missing: scripts/install-deps --debian"
    say "debian: fetching $3 packages from $mirror"
    fakeroot sh -e -c '
        # debootstrap makes no devices here: the guest makes its own.
        "$1" --foreign --arch=armel --variant=minbase --keyring="$2" --include="$3" "$4" root "$5" >log 2>&1
        tar --numeric-owner -cf "$6/root.tar" -C root .' \
        sh "$debootstrap" "$keyring" "$packages" "$release" "$mirror" "$1" &
    progress_of_log $! log '^I: (Retrieving|Extracting)' || { tail -n 20 log >&2; die "debian: the first stage failed"; }
    echo "$mirror" >"$1/mirror"
}

# progress_of_log PID FILE PATTERN: tell every ten seconds how many lines match; the process's status.
progress_of_log() {
    local count last=0
    while kill -0 "$1" 2>/dev/null; do
        sleep 1
        count=$(grep -cE "$3" "$2" 2>/dev/null) || true
        if [ "${count:-0}" -ge $((last + 25)) ]; then
            last=$count
            say "debian: $count steps, at: $(grep -aE "$3" "$2" | tail -n 1 | cut -c1-70 | tr -d '\r')"
        fi
    done
    wait "$1"
}

# The second stage: DIR-of-kernel DIR-of-stage-1 TIME [SCRIPT]; SCRIPT in $here runs in the guest when the rest is done.
build_debian() {
    local kernel=$2/zImage stage1=$3 time=$4 more=${5:-} emulator=$here/../../build/qemu-system-arm
    [ -x "$emulator" ] || die "the emulator is not built (ninja -C build qemu-system-arm)"
    ssh-keygen -q -t ed25519 -N '' -C pqemu -f "$1/ssh-key"
    mkdir setup
    cp "$here/debian-setup" setup/pqemu-setup
    [ -z "$more" ] || cp "$here/$more" setup/pqemu-more
    chmod 755 setup/pqemu-*
    mkdir -p setup/root/.ssh
    cp "$1/ssh-key.pub" setup/root/.ssh/authorized_keys
    chmod 700 setup/root/.ssh
    cp "$stage1/mirror" setup/pqemu-mirror
    say "debian: making the file system"
    PATH=$PATH:/usr/sbin:/sbin fakeroot sh -e -c '
        mkdir root
        tar --numeric-owner -xf "$1/root.tar" -C root
        chown -R 0:0 setup
        cp -a setup/. root/
        truncate -s "$2" card.raw
        mke2fs -q -t ext4 -L debian -d root card.raw' sh "$stage1" "$DEBIAN_SIZE"
    rm -rf root
    say "debian: it sets itself up in the emulator ($time on two CPUs)"
    "$emulator" -machine realview-eb-mpcore -smp 4 -m 256 -kernel "$kernel" -dtb builtin -nic none \
        -drive file=card.raw,format=raw -no-reboot -nographic -monitor none \
        -append "console=ttyAMA0 quiet root=/dev/mmcblk0 rootwait init=/pqemu-setup panic=-1" </dev/null >log 2>&1 &
    progress_of_log $! log '^I: (Unpacking|Configuring)' || { tail -n 20 log >&2; die "debian: the emulator failed"; }
    grep -q '^pqemu-setup: done' log || { tail -n 30 log >&2; die "debian: setting up failed"; }
    PATH=$PATH:/usr/sbin:/sbin e2fsck -p card.raw >/dev/null || [ $? = 1 ] || die "debian: its file system is damaged"
    qemu-img convert -f raw -O qcow2 card.raw "$1/debian.qcow2"
}
