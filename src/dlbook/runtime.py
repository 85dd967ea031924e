"""Device, seeds, timing and a description of the machine: what a run depends on besides its code."""

from __future__ import annotations

import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

#: Environment in which outputs are stored and compared: one core and, on x86, one instruction set: machines agree.
FIXED_ARITHMETIC = {"OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}
if platform.machine().lower() in ("x86_64", "amd64"):
    FIXED_ARITHMETIC |= {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}


def resolve_device(name: object = "auto") -> torch.device:
    """The device that a run uses: `auto` obeys the variable DLBOOK_DEVICE, else takes cuda where there is one.

    Raises:
        ValueError: the name is no device that this book knows, or the device is not in this machine.
    """
    if not isinstance(name, str):
        raise ValueError(f"device = {name!r}: accepted are 'auto', 'cpu', 'cuda', 'cuda:N' and 'mps'.")
    wanted, origin = name, "device"
    if name == "auto":
        wanted, origin = os.environ.get("DLBOOK_DEVICE", ""), "DLBOOK_DEVICE"
        if wanted in ("", "auto"):
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    kind, _, index = wanted.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (index and not (kind == "cuda" and index.isdigit())):
        raise ValueError(f"{origin} = {wanted!r}: accepted are 'auto', 'cpu', 'cuda', 'cuda:N' and 'mps'.")
    if kind == "cuda" and int(index or 0) >= (found := torch.cuda.device_count()):
        raise ValueError(f"{origin} = {wanted!r}: this machine has {found} CUDA devices; take 'cpu' or 'auto'.")
    if kind == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"{origin} = {wanted!r}: this machine has no Apple GPU; take 'cpu' or 'auto'.")
    return torch.device(wanted)


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and torch (every device), and return a CPU generator with the same seed.

    Hand the generator to the calls that draw (`torch.randn(3, generator=generator)`): what they draw then depends on
    nothing that other code has drawn before.

    Raises:
        ValueError: the seed is no integer from 0 to 2**32 - 1 (NumPy's range).
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed = {seed!r}: accepted is an integer from 0 to 4294967295.")
    random.seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def synchronize(device: torch.device | str) -> None:
    """Wait until everything queued on `device` has been computed (a CPU has no queue)."""
    if (kind := torch.device(device).type) in ("cuda", "mps"):
        getattr(torch, kind).synchronize()


@dataclass(frozen=True)
class Timing:
    """Repeated measurements of one call, in seconds a call."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle measurement: one slow outlier does not move it."""
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """The 25th and 75th percentile: half of the measurements lie between them."""
        if len(self.seconds) == 1:
            return self.seconds[0], self.seconds[0]
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return low, high


def timed(
    call: Callable[[], object], *, device: torch.device | str = "cpu", repeats: int = 15, least_seconds: float = 0.002
) -> Timing:
    """Time `call`: warm up, repeat it inside a measurement until that lasts `least_seconds`, wait for the device.

    A GPU returns from a call before it has computed anything, so both ends of a measurement synchronise.

    Raises:
        ValueError: fewer than one repeat.
    """
    if repeats < 1:
        raise ValueError(f"repeats = {repeats}: accepted is an integer from 1.")

    def seconds(loops: int) -> float:
        synchronize(device)
        start = time.perf_counter()
        for _ in range(loops):
            call()
        synchronize(device)
        return time.perf_counter() - start

    loops = 1
    seconds(1)  # warm-up: allocations, kernel selection, caches
    while (once := seconds(loops)) < least_seconds:
        loops = max(2 * loops, int(1.2 * loops * least_seconds / max(once, 1e-9)))
    return Timing(tuple(seconds(loops) / loops for _ in range(repeats)))


def hardware(device: torch.device | str = "cpu") -> str:
    """The hardware class on which timings may be compared: the accelerator's name, or processor and cores."""
    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()} {_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf8") as lines:
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "processor of unknown name"


def environment(device: torch.device | str = "cpu") -> dict[str, str | int]:
    """What a result depends on besides code and seed: versions, system, hardware, threads."""
    return {
        "device": torch.device(device).type,
        "hardware": hardware(device),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__.partition("+")[0],
        "python": platform.python_version(),
        "system": platform.system(),
    }
