/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The monitor for programs: types of what the command line makes, too: character devices, networks, objects.
 * monitor/qmp-types.h says how they are written. Constant.
 */
#include <stddef.h>
#include "monitor/qmp-types.h"

const QmpType qmp_option_types[] = {
    { .name = "ChardevBackend",
      "type:ChardevBackendKind",
      .tag = "type",
      .variants = "file:=ChardevFile serial:=ChardevHostdev pipe:=ChardevHostdev socket:=ChardevSocket "
      "udp:=ChardevUdp pty:=ChardevCommon null:=ChardevCommon stdio:=ChardevStdio ringbuf:=ChardevRingbuf "
      "memory:=ChardevRingbuf testdev:=ChardevCommon" },
    { .name = "ChardevBackendKind", .values = "file serial pipe socket udp pty null stdio ringbuf memory testdev" },
    { .name = "ChardevCommon", "logfile:s? logappend:b?" },
    { .name = "ChardevFile", "logfile:s? logappend:b? in:s? out:s append:b?" },
    { .name = "ChardevHostdev", "logfile:s? logappend:b? device:s" },
    { .name = "ChardevRingbuf", "logfile:s? logappend:b? size:i?" },
    { .name = "ChardevSocket",
      "logfile:s? logappend:b? addr:SocketAddressLegacy server:b? wait:b? nodelay:b? telnet:b? websocket:b? "
      "reconnect:i?" },
    { .name = "ChardevStdio", "logfile:s? logappend:b? signal:b?" },
    { .name = "ChardevUdp", "logfile:s? logappend:b? remote:SocketAddressLegacy local:SocketAddressLegacy?" },
    { .name = "FdSocketAddress", "str:s" },
    { .name = "FilterDumpProperties",
      "netdev:s queue:NetFilterDirection? status:s? position:s? insert:NetfilterInsert? file:s maxlen:i?" },
    { .name = "HostMemPolicy", .values = "default preferred bind interleave" },
    { .name = "InetSocketAddress", "host:s port:s numeric:b? to:i? ipv4:b? ipv6:b? keep-alive:b?" },
    { .name = "IothreadProperties", "aio-max-batch:i? poll-max-ns:i? poll-grow:i? poll-shrink:i? "
      "thread-pool-min:i? thread-pool-max:i?" },
    { .name = "MemoryBackendFileProperties", "dump:b? merge:b? prealloc:b? share:b? reserve:b? size:i mem-path:s" },
    { .name = "MemoryBackendMemfdProperties",
      "dump:b? merge:b? prealloc:b? share:b? reserve:b? size:i hugetlb:b? seal:b?" },
    { .name = "MemoryBackendProperties", "dump:b? merge:b? prealloc:b? share:b? reserve:b? size:i" },
    { .name = "NetClientDriver", .values = "none user tap socket stream dgram bridge hubport" },
    { .name = "Netdev",
      "id:s type:NetClientDriver",
      .tag = "type",
      .variants = "user:NetdevUserOptions tap:NetdevTapOptions socket:NetdevSocketOptions "
      "stream:NetdevStreamOptions dgram:NetdevDgramOptions bridge:NetdevBridgeOptions "
      "hubport:NetdevHubPortOptions" },
    { .name = "NetdevBridgeOptions", "br:s? helper:s?" },
    { .name = "NetdevHubPortOptions", "hubid:i netdev:s?" },
    { .name = "NetdevDgramOptions", "local:SocketAddress? remote:SocketAddress?" },
    { .name = "NetdevSocketOptions", "fd:s? listen:s? connect:s? mcast:s? localaddr:s? udp:s?" },
    { .name = "NetdevStreamOptions", "addr:SocketAddress server:b? reconnect:i?" },
    { .name = "NetdevTapOptions",
      "ifname:s? fd:s? fds:s? script:s? downscript:s? br:s? helper:s? sndbuf:i? vnet_hdr:b? vhost:b? vhostfd:s? "
      "vhostfds:s? vhostforce:b? queues:i? poll-us:i?" },
    { .name = "NetdevUserOptions",
      "hostname:s? restrict:b? ipv4:b? ipv6:b? ip:s? net:s? host:s? tftp:s? bootfile:s? dhcpstart:s? dns:s? "
      "dnssearch:[String]? domainname:s? ipv6-prefix:s? ipv6-prefixlen:i? ipv6-host:s? ipv6-dns:s? smb:s? "
      "smbserver:s? hostfwd:[String]? guestfwd:[String]? tftp-server-name:s?" },
    { .name = "NetFilterDirection", .values = "all rx tx" },
    { .name = "NetfilterInsert", .values = "before behind" },
    { .name = "ObjectOptions",
      "qom-type:ObjectType id:s",
      .tag = "qom-type",
      .variants = "filter-dump:FilterDumpProperties iothread:IothreadProperties "
      "memory-backend-file:MemoryBackendFileProperties memory-backend-memfd:MemoryBackendMemfdProperties "
      "memory-backend-ram:MemoryBackendProperties rng-random:RngRandomProperties secret:SecretProperties "
      "throttle-group:ThrottleGroupProperties" },
    { .name = "ObjectType",
      .values = "filter-dump iothread memory-backend-file memory-backend-memfd memory-backend-ram rng-builtin "
      "rng-random secret throttle-group" },
    { .name = "QCryptoSecretFormat", .values = "raw base64" },
    { .name = "RngRandomProperties", "filename:s?" },
    { .name = "SecretProperties", "format:QCryptoSecretFormat? data:s? file:s?" },
    { .name = "SocketAddress",
      "type:SocketAddressType",
      .tag = "type",
      .variants = "inet:InetSocketAddress unix:UnixSocketAddress fd:FdSocketAddress" },
    { .name = "SocketAddressLegacy",
      "type:SocketAddressType",
      .tag = "type",
      .variants = "inet:=InetSocketAddress unix:=UnixSocketAddress fd:=FdSocketAddress" },
    { .name = "SocketAddressType", .values = "inet unix fd" },
    { .name = "String", "str:s" },
    { .name = "ThrottleGroupProperties",
      "limits:ThrottleLimits? x-iops-total:i?$unstable x-iops-total-max:i?$unstable "
      "x-iops-total-max-length:i?$unstable x-iops-read:i?$unstable x-iops-read-max:i?$unstable "
      "x-iops-read-max-length:i?$unstable x-iops-write:i?$unstable x-iops-write-max:i?$unstable "
      "x-iops-write-max-length:i?$unstable x-bps-total:i?$unstable x-bps-total-max:i?$unstable "
      "x-bps-total-max-length:i?$unstable x-bps-read:i?$unstable x-bps-read-max:i?$unstable "
      "x-bps-read-max-length:i?$unstable x-bps-write:i?$unstable x-bps-write-max:i?$unstable "
      "x-bps-write-max-length:i?$unstable x-iops-size:i?$unstable" },
    { .name = "ThrottleLimits",
      "iops-total:i? iops-total-max:i? iops-total-max-length:i? iops-read:i? iops-read-max:i? "
      "iops-read-max-length:i? iops-write:i? iops-write-max:i? iops-write-max-length:i? bps-total:i? "
      "bps-total-max:i? bps-total-max-length:i? bps-read:i? bps-read-max:i? bps-read-max-length:i? bps-write:i? "
      "bps-write-max:i? bps-write-max-length:i? iops-size:i?" },
    { .name = "UnixSocketAddress", "path:s abstract:b? tight:b?" },
    { .name = NULL },
};
