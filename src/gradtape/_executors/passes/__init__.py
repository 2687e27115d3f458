"""The passes: each makes of a lowered program another one with the same results and less to do."""

from __future__ import annotations

from gradtape._executors.passes.common import without_repetition
from gradtape._executors.passes.dead_code import without_dead_code
from gradtape._executors.passes.folding import folded
from gradtape._executors.passes.movement import rearranged
from gradtape._executors.passes.running import run_together
from gradtape._executors.passes.simplification import simplified
from gradtape._executors.program import Program

# In the order in which they help each other.
PASSES = (
    without_dead_code, folded, without_repetition, simplified, without_dead_code, run_together, rearranged,
    without_dead_code, simplified, without_repetition, without_dead_code,
)  # fmt: skip
# A program of more steps takes longer to look through than that ever saves.
MOST_RECORDS = 20_000


def optimized(program: Program) -> Program:
    """Returns a program that gives the same results, asks the same questions, and does less for them.

    The results are the same to the last bit, of infinite numbers and of signed zeros too; only one NaN may stand for
    another, with another sign.

    Args:
        program: a lowered one; it stays as it is.
    """
    if len(program.records) > MOST_RECORDS:
        return program
    for each in PASSES:
        program = each(program)
    return program
