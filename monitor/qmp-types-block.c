/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor for programs: types of disks, nodes and jobs. monitor/qmp-types.h says how they are written. Constant. */
#include <stddef.h>
#include "monitor/qmp-types.h"

const QmpType qmp_block_types[] = {
    { .name = "Abort", "" },
    { .name = "ActionCompletionMode", .values = "individual grouped" },
    { .name = "BitmapMigrationBitmapAlias", "name:s alias:s transform:BitmapMigrationBitmapAliasTransform?" },
    { .name = "BitmapMigrationBitmapAliasTransform", "persistent:b?" },
    { .name = "BitmapMigrationNodeAlias", "node-name:s alias:s bitmaps:[BitmapMigrationBitmapAlias]" },
    { .name = "BitmapSyncMode", .values = "on-success never always" },
    { .name = "BlockdevAioOptions", .values = "threads native io_uring" },
    { .name = "BlockdevCacheInfo", "writeback:b direct:b no-flush:b" },
    { .name = "BlockdevCacheOptions", "direct:b? no-flush:b?" },
    { .name = "BlockdevChangeReadOnlyMode", .values = "retain read-only read-write" },
    { .name = "BlockdevCreateOptions",
      "driver:BlockdevDriver",
      .tag = "driver",
      .variants = "file:BlockdevCreateOptionsFile qcow2:BlockdevCreateOptionsQcow2" },
    { .name = "BlockdevCreateOptionsFile", "filename:s size:i" },
    { .name = "BlockdevCreateOptionsQcow2",
      "file:BlockdevRef size:i version:BlockdevQcow2Version? backing-file:s? backing-fmt:BlockdevDriver? "
      "cluster-size:i? lazy-refcounts:b? refcount-bits:i?" },
    { .name = "BlockdevDetectZeroesOptions", .values = "off on unmap" },
    { .name = "BlockdevDiscardOptions", .values = "ignore unmap" },
    { .name = "BlockdevDriver", .values = "copy-on-read file host_device nbd null-aio null-co qcow2 raw throttle" },
    { .name = "BlockDeviceInfo",
      "file:s node-name:s? ro:b drv:s backing_file:s? backing_file_depth:i encrypted:b "
      "detect_zeroes:BlockdevDetectZeroesOptions bps:i bps_rd:i bps_wr:i iops:i iops_rd:i iops_wr:i bps_max:i? "
      "bps_rd_max:i? bps_wr_max:i? iops_max:i? iops_rd_max:i? iops_wr_max:i? bps_max_length:i? "
      "bps_rd_max_length:i? bps_wr_max_length:i? iops_max_length:i? iops_rd_max_length:i? iops_wr_max_length:i? "
      "iops_size:i? group:s? image:ImageInfo cache:BlockdevCacheInfo write_threshold:i "
      "dirty-bitmaps:[BlockDirtyInfo]?" },
    { .name = "BlockDeviceIoStatus", .values = "ok failed nospace" },
    { .name = "BlockDeviceStats",
      "rd_bytes:i wr_bytes:i unmap_bytes:i rd_operations:i wr_operations:i flush_operations:i unmap_operations:i "
      "rd_total_time_ns:i wr_total_time_ns:i flush_total_time_ns:i unmap_total_time_ns:i wr_highest_offset:i "
      "rd_merged:i wr_merged:i unmap_merged:i idle_time_ns:i? failed_rd_operations:i failed_wr_operations:i "
      "failed_flush_operations:i failed_unmap_operations:i invalid_rd_operations:i invalid_wr_operations:i "
      "invalid_flush_operations:i invalid_unmap_operations:i account_invalid:b account_failed:b "
      "timed_stats:[BlockDeviceTimedStats] "
      "rd_latency_histogram:BlockLatencyHistogramInfo? wr_latency_histogram:BlockLatencyHistogramInfo? "
      "flush_latency_histogram:BlockLatencyHistogramInfo?" },
    { .name = "BlockDeviceTimedStats",
      "interval_length:i min_rd_latency_ns:i max_rd_latency_ns:i avg_rd_latency_ns:i min_wr_latency_ns:i "
      "max_wr_latency_ns:i avg_wr_latency_ns:i min_flush_latency_ns:i max_flush_latency_ns:i "
      "avg_flush_latency_ns:i avg_rd_queue_depth:n avg_wr_queue_depth:n" },
    { .name = "BlockdevOnError", .values = "report ignore enospc stop auto" },
    { .name = "BlockdevOptions",
      "driver:BlockdevDriver node-name:s? discard:BlockdevDiscardOptions? cache:BlockdevCacheOptions? "
      "read-only:b? auto-read-only:b? force-share:b? detect-zeroes:BlockdevDetectZeroesOptions?",
      .tag = "driver",
      .variants = "copy-on-read:BlockdevOptionsCor file:BlockdevOptionsFile host_device:BlockdevOptionsFile "
      "nbd:BlockdevOptionsNbd null-aio:BlockdevOptionsNull null-co:BlockdevOptionsNull "
      "qcow2:BlockdevOptionsQcow2 raw:BlockdevOptionsRaw throttle:BlockdevOptionsThrottle" },
    { .name = "BlockdevOptionsCor", "file:BlockdevRef" },
    { .name = "BlockdevOptionsFile",
      "filename:s locking:OnOffAuto? aio:BlockdevAioOptions? aio-max-batch:i? drop-cache:b? "
      "x-check-cache-dropped:b?$unstable" },
    { .name = "BlockdevOptionsNbd", "server:SocketAddress export:s? reconnect-delay:i?" },
    { .name = "BlockdevOptionsNull", "size:i? latency-ns:i? read-zeroes:b?" },
    { .name = "BlockdevOptionsQcow2",
      "file:BlockdevRef backing:BlockdevRefOrNull? lazy-refcounts:b? overlap-check:Qcow2OverlapChecks? "
      "cache-size:i? l2-cache-size:i? l2-cache-entry-size:i? refcount-cache-size:i? cache-clean-interval:i?" },
    { .name = "BlockdevOptionsRaw", "file:BlockdevRef offset:i? size:i?" },
    { .name = "BlockdevOptionsThrottle", "throttle-group:s file:BlockdevRef" },
    { .name = "BlockdevQcow2Version", .values = "v2 v3" },
    { .name = "BlockdevRef", .choices = "BlockdevOptions s" },
    { .name = "BlockdevRefOrNull", .choices = "BlockdevOptions s z" },
    { .name = "BlockDirtyBitmap", "node:s name:s" },
    { .name = "BlockDirtyBitmapOrStr", .choices = "s BlockDirtyBitmap" },
    { .name = "BlockDirtyInfo", "name:s? granularity:i count:i recording:b busy:b persistent:b inconsistent:b?" },
    { .name = "BlockErrorAction", .values = "ignore report stop" },
    { .name = "BlockExportInfo", "id:s type:BlockExportType node-name:s shutting-down:b" },
    { .name = "BlockExportOptions",
      "type:BlockExportType id:s fixed-iothread:b? iothread:s? node-name:s writable:b? writethrough:b?",
      .tag = "type",
      .variants = "nbd:BlockExportOptionsNbd" },
    { .name = "BlockExportOptionsNbd", "name:s? description:s? bitmaps:[BlockDirtyBitmapOrStr]?" },
    { .name = "BlockExportRemoveMode", .values = "safe hard" },
    { .name = "BlockExportType", .values = "nbd" },
    { .name = "BlockInfo",
      "device:s qdev:s? type:s removable:b locked:b inserted:BlockDeviceInfo? tray_open:b? "
      "io-status:BlockDeviceIoStatus?" },
    { .name = "BlockJobInfo",
      "type:s device:s len:i offset:i busy:b paused:b speed:i io-status:BlockDeviceIoStatus ready:b "
      "status:JobStatus auto-finalize:b auto-dismiss:b error:s?" },
    { .name = "BlockLatencyHistogramInfo", "boundaries:[i] bins:[i]" },
    { .name = "BlockStats", "device:s? qdev:s? node-name:s? stats:BlockDeviceStats" },
    { .name = "ImageInfo",
      "filename:s format:s dirty-flag:b? actual-size:i? virtual-size:i cluster-size:i? backing-filename:s? "
      "full-backing-filename:s? backing-filename-format:s? backing-image:ImageInfo? "
      "format-specific:ImageInfoSpecific?" },
    { .name = "ImageInfoSpecific",
      "type:ImageInfoSpecificKind",
      .tag = "type",
      .variants = "qcow2:=ImageInfoSpecificQCow2" },
    { .name = "ImageInfoSpecificKind", .values = "qcow2" },
    { .name = "ImageInfoSpecificQCow2",
      "compat:s extended-l2:b? lazy-refcounts:b? corrupt:b? refcount-bits:i "
      "compression-type:Qcow2CompressionType" },
    { .name = "JobInfo", "id:s type:JobType status:JobStatus current-progress:i total-progress:i error:s?" },
    { .name = "JobStatus", .values = "created running paused ready standby waiting pending aborting concluded null" },
    { .name = "JobType", .values = "commit stream mirror backup create snapshot-save snapshot-load snapshot-delete" },
    { .name = "MirrorCopyMode", .values = "background write-blocking" },
    { .name = "MirrorSyncMode", .values = "top full none incremental bitmap" },
    { .name = "NewImageMode", .values = "existing absolute-paths" },
    { .name = "Qcow2CompressionType", .values = "zlib zstd" },
    { .name = "Qcow2OverlapCheckFlags",
      "template:Qcow2OverlapCheckMode? main-header:b? active-l1:b? active-l2:b? refcount-table:b? "
      "refcount-block:b? snapshot-table:b? inactive-l1:b? inactive-l2:b? bitmap-directory:b?" },
    { .name = "Qcow2OverlapCheckMode", .values = "none constant cached all" },
    { .name = "Qcow2OverlapChecks", .choices = "Qcow2OverlapCheckFlags Qcow2OverlapCheckMode" },
    { .name = "SnapshotInfo", "id:s name:s vm-state-size:i date-sec:i date-nsec:i vm-clock-sec:i vm-clock-nsec:i" },
    { .name = "TransactionAction",
      "type:TransactionActionKind",
      .tag = "type",
      .variants = "abort:=Abort block-dirty-bitmap-add:=@block-dirty-bitmap-add "
      "block-dirty-bitmap-remove:=@block-dirty-bitmap-remove block-dirty-bitmap-clear:=@block-dirty-bitmap-clear "
      "block-dirty-bitmap-enable:=@block-dirty-bitmap-enable "
      "block-dirty-bitmap-disable:=@block-dirty-bitmap-disable "
      "block-dirty-bitmap-merge:=@block-dirty-bitmap-merge blockdev-backup:=@blockdev-backup "
      "blockdev-snapshot:=@blockdev-snapshot blockdev-snapshot-sync:=@blockdev-snapshot-sync "
      "drive-backup:=@drive-backup" },
    { .name = "TransactionActionKind",
      .values = "abort block-dirty-bitmap-add block-dirty-bitmap-remove block-dirty-bitmap-clear "
      "block-dirty-bitmap-enable block-dirty-bitmap-disable block-dirty-bitmap-merge blockdev-backup "
      "blockdev-snapshot blockdev-snapshot-sync drive-backup" },
    { .name = "TransactionProperties", "completion-mode:ActionCompletionMode?" },
    { .name = NULL },
};
