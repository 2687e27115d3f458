"""What a process holds: bytes allocated, arrays reachable from an object, resident memory."""

import ctypes
import gc
import mmap
import tracemalloc
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np

# Every allocation of Python's goes to malloc, and malloc keeps no freed blocks aside, so that malloc's own count is
# exact. The child that counts has to be started with these.
COUNTING_ENVIRONMENT = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.arena_max=1",
}


class _MallocCounts(ctypes.Structure):
    _fields_ = [
        ("arena", ctypes.c_size_t),
        ("blocks", ctypes.c_size_t * 3),
        ("mapped", ctypes.c_size_t),
        ("fast", ctypes.c_size_t * 2),
        ("in_use", ctypes.c_size_t),
        ("free", ctypes.c_size_t * 2),
    ]


def allocated_bytes():
    """Returns how many bytes malloc has given out and not taken back (GNU C library 2.33 or newer)."""
    read = ctypes.CDLL(None).mallinfo2
    read.restype = _MallocCounts
    counts = read()
    return counts.in_use + counts.mapped


def bytes_while_held(record):
    """Returns how much more is allocated while the result of `record()` is held than before the call."""
    for _ in range(3):
        record()  # what is made once and kept, caches for example, is no part of the answer
    gc.collect()
    before = allocated_bytes()
    held = record()
    gc.collect()
    after = allocated_bytes()
    del held
    return after - before


def reachable_array_bytes(record, leaves):
    """Sums the distinct arrays reachable from the result of `record()`, without what was there before the call."""
    record()
    gc.collect()
    # The collector doesn't track everything: what it tracks leads to the rest. Both lists keep the ids valid.
    tracked = gc.get_objects()
    old = [*tracked, *gc.get_referents(*tracked)]
    old_ids = {id(item) for item in old}
    leaf_buffers = _buffers(leaves, set())
    held = record()
    buffers = _buffers([held], old_ids)
    found = sum(size for address, size in buffers.items() if address not in leaf_buffers)
    if not found:
        raise LookupError("no array can be reached from what was recorded")
    return found


def _buffers(roots, old_ids):
    """Walks everything reachable from `roots`; returns the size of each array buffer by its address."""
    found, seen, waiting = {}, set(), list(roots)
    while waiting:
        item = waiting.pop()
        if id(item) in seen or id(item) in old_ids or isinstance(item, ModuleType | type):
            continue
        seen.add(id(item))
        if isinstance(item, np.ndarray):
            owner = item
            while isinstance(owner.base, np.ndarray):
                owner = owner.base
            if id(owner) not in old_ids:
                found[owner.__array_interface__["data"][0]] = owner.nbytes
        elif isinstance(item, FunctionType):
            # Not its globals, which are the module's. A cell is empty until its variable has a value.
            waiting += [held for cell in item.__closure__ or () for held in gc.get_referents(cell)]
            waiting += [*(item.__defaults__ or ()), item.__kwdefaults__, item.__dict__]
        else:
            waiting += gc.get_referents(item)
    return found


def peak_bytes(run):
    """Returns the most bytes that are in use at once during `run()`, with its result, as tracemalloc counts them."""
    run()
    gc.collect()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def resident_bytes():
    """Returns the resident memory of this process (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE


def resident_growth(run, first=10**4, last=10**5):
    """Returns by how many bytes the process grows between the call number `first` and the call number `last`."""
    for _ in range(first):
        run()
    before = resident_bytes()
    for _ in range(last - first):
        run()
    return resident_bytes() - before
