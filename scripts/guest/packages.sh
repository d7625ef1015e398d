# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's programs for tests/linux/test-packages.py: a tree of packages with all they depend on, unpacked and not set
# up, and the same as the image of a disk. Sourced by scripts/guest/build, which provides say(), die() and
# fetch_debs_and_needed().

PACKAGES_TREE="base-files bash dash coreutils sed grep gawk mawk tar util-linux procps diffutils findutils debianutils
    libc-bin openssl bc gsl-bin lua5.4 luajit tcl pari-gp perl python3 sqlite3 jq xz-utils golang-go python3-numpy sbcl
    zstd bzip2 lz4 brotli p7zip-full imagemagick ffmpeg sox flac lame opus-tools webp php8.2-cli ruby ocaml-nox gforth
    ecl g++ clang-14 openjdk-17-jdk-headless nodejs mono-devel z3 glpk-utils pcre2-utils nettle-bin
    ghostscript povray"

# A tree with /bin and /lib as Debian has them today: links into /usr.
build_packages() {
    local name deb
    mkdir -p "$1"/root/{usr,proc,sys,dev,tmp,mnt}
    for name in bin sbin lib; do
        mkdir "$1/root/usr/$name"
        ln -s "usr/$name" "$1/root/$name"
    done
    fetch_debs_and_needed . armel $PACKAGES_TREE
    say "packages: unpacking"
    for deb in *.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$1/root" --keep-directory-symlink --no-same-owner -p ||
            die "packages: $deb cannot be unpacked"
    done
    [ -e "$1/root/bin/sh" ] || ln -s dash "$1/root/bin/sh"
    # What the packages' set-up would choose.
    ln -sf gawk "$1/root/usr/bin/awk"
    for name in blas lapack; do
        ln -s "$name/lib$name.so.3" "$1/root/usr/lib/arm-linux-gnueabi/lib$name.so.3"
    done
    printf 'root:x:0:0:root:/root:/bin/sh\n' >"$1/root/etc/passwd"
    printf 'root:x:0:\n' >"$1/root/etc/group"
    truncate -s 6G "$1/packages.ext4"
    PATH=$PATH:/usr/sbin:/sbin mke2fs -q -t ext4 -O ^has_journal -L packages -d "$1/root" "$1/packages.ext4"
}
