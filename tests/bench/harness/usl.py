# SPDX-License-Identifier: GPL-2.0-or-later
"""The Universal Scalability Law: N CPUs do C(N) = N / (1 + sigma (N - 1) + kappa N (N - 1)) times the work of one.

sigma, the part of the work that is serial, is taken from how long locks were held. kappa, the price of keeping each
other informed, is taken from how the processor time for the same work grows with N: waiting costs no processor time, so
what grows is crosstalk. Both can be had on a host with fewer cores than the guest has CPUs, where elapsed times say
little.
"""
import math


def capacity(count, sigma, kappa):
    return count / (1 + sigma * (count - 1) + kappa * count * (count - 1))


def best(sigma, kappa, limit=1024):
    """The number of CPUs with the largest capacity."""
    if kappa <= 0:
        return limit
    return max(1, min(limit, round(math.sqrt(max(0.0, 1 - sigma) / kappa))))


def kappa_of(work):
    """work: {CPUs: processor seconds}. Least squares of work(N) / work(1) - 1 = kappa N (N - 1)."""
    if not work.get(1):
        return None
    points = [(count * (count - 1), seconds / work[1] - 1) for count, seconds in work.items() if count > 1]
    if not points:
        return None
    return max(0.0, sum(x * y for x, y in points) / sum(x * x for x, _ in points))


def sigma_of(serial, busy):
    return min(1.0, serial / busy) if busy > 0 else None
