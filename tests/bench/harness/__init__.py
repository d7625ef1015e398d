# SPDX-License-Identifier: GPL-2.0-or-later
"""The benchmark harness behind run.py, compare.py and study.py (docs/benchmarks.md).

  targets    what is measured: emulators with their options, the host itself; running one of them
  manifest   suites of programs: the format of *.ini
  images     builds programs, bare-metal images, the initramfs
  jobs       one boot of one target and what it yields: samples
  runner     rounds, interleaving, progress, saving
  figures    medians, ratios, geometric means, bootstrap
  report     Markdown tables          plots    SVG and PNG
  machine    what the host is         stats    the emulator's own counters
  usl        Universal Scalability Law             study_report, study_plots      what study.py makes of its results
"""
