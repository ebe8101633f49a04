"""Print the benchmarks, each as a ratio to a stated reference or in seconds: median and spread of CPU time.

Every benchmark first checks that both ways give the same result, and stops where they do not.
"""

import argparse
import os
import warnings

from benchmarks import network, resampling, study

BENCHMARKS = {
    "optimism": resampling.optimism,
    "auc": resampling.area,
    "step": lambda: network.training_step(96),
    "epoch": network.full_size_epoch,
    "resize": study.roi_resize,
    "search": study.search,
    "rebuild": study.rebuild,
    "audit": study.audit,
}


def main():
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of {', '.join(BENCHMARKS)}; all without")
    parser.add_argument("--full", action="store_true", help="also a step at the paper's 320 px: minutes, and 9 GiB")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(BENCHMARKS):
        parser.error(f"unknown benchmark {', '.join(sorted(unknown))}; choose from {', '.join(BENCHMARKS)}")
    warnings.simplefilter("error")
    print(
        f"CPU time on one thread, median (least-most); load of the machine now {os.getloadavg()[0]:.1f}\n", flush=True
    )
    chosen = [BENCHMARKS[name] for name in arguments.names or BENCHMARKS]
    if arguments.full:
        chosen.append(lambda: network.training_step(320, rounds=1, n_combinations=9))
    for benchmark in chosen:
        print("\n".join(benchmark()), flush=True)


if __name__ == "__main__":
    main()
