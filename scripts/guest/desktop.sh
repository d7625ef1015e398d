# SPDX-License-Identifier: GPL-2.0-or-later
# What Debian with a desktop has besides what debian.sh gives it: an X server that draws into the kernel's frame buffer, a
# window manager with a panel and a menu, a terminal, small programs, sound. desktop-setup runs in the guest and puts
# them together. Sourced by scripts/guest/build after debian.sh.

# Of the small window managers those with more pictures bring PDF and SVG libraries that are larger than all the rest.
DESKTOP_PACKAGES=$DEBIAN_PACKAGES,xserver-xorg-core,xserver-xorg-legacy,xserver-xorg-video-fbdev
DESKTOP_PACKAGES=$DESKTOP_PACKAGES,xserver-xorg-input-libinput,xinit,xfonts-base,fonts-dejavu-core,blackbox,xterm
DESKTOP_PACKAGES=$DESKTOP_PACKAGES,x11-utils,alsa-utils
