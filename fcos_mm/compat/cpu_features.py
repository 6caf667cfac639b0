"""What the processor has for low precision: of Linux, or elsewhere as torch sees it."""
import contextlib
import importlib
from dataclasses import dataclass, field
from pathlib import Path

#: By the names of ``/proc/cpuinfo``, x86 and then ARM.
FEATURES = ('avx2', 'avx512f', 'avx512_vnni', 'avx_vnni', 'avx512_bf16', 'amx_tile', 'amx_bf16',
            'amx_int8', 'bf16', 'i8mm')
#: Any of these multiplies bfloat16 numbers; others widen them to float32 first.
BF16 = ('amx_bf16', 'avx512_bf16', 'bf16')


@dataclass(frozen=True)
class CpuFeatures:
    """A processor.

    Attributes:
        name: Its model; empty if unknown.
        flags: Those of :data:`FEATURES` that it has.
    """

    name: str = ''
    flags: frozenset[str] = field(default_factory=frozenset)

    @property
    def fast_bf16(self) -> bool:
        """Whether bfloat16 can be faster than float32."""
        return not self.flags.isdisjoint(BF16)

    @property
    def why_slow_bf16(self) -> str:
        """A warning, where bfloat16 is slower than float32; else empty."""
        if self.fast_bf16:
            return ''
        return (f'bf16 is slower than fp32 on this processor ({self.name or "unknown"}): it has '
                'neither amx_bf16 nor avx512_bf16.')


def cpu_features() -> CpuFeatures:
    """What this machine's processor offers; nothing if neither Linux nor torch knows."""
    info = cpuinfo()
    flags = set(info.get('flags', info.get('Features', '')).split())
    if not info:
        flags = _seen_by_torch()
    return CpuFeatures(info.get('model name', ''), frozenset(flags) & frozenset(FEATURES))


def cpuinfo() -> dict[str, str]:
    """The first processor of ``/proc/cpuinfo``; empty elsewhere."""
    with contextlib.suppress(OSError):
        first = Path('/proc/cpuinfo').read_text().partition('\n\n')[0]
        pairs = (line.partition(':') for line in first.splitlines())
        return {key.strip(): value.strip() for key, _, value in pairs}
    return {}


def _seen_by_torch() -> set[str]:
    """The features that torch finds, which it tells from version 2.10 or so on."""
    with contextlib.suppress(Exception):  # whatever a broken installation raises
        found = importlib.import_module('torch').cpu.get_capabilities()
        return {'avx512f' if name == 'avx512_f' else name for name, has in found.items()
                if has is True}
    return set()
