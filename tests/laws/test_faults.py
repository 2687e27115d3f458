"""Each planted fault is noticed, and taking it out again leaves the library whole."""

import pytest

from gradtape._testing import lawbook

from . import faults


@pytest.mark.parametrize("fault", faults.FAULTS, ids=lambda fault: fault.description.partition(":")[0])
def test_a_planted_fault_is_caught(fault: faults.Fault) -> None:
    assert faults.catchers(fault)
    for name in fault.operations:
        for law in lawbook.LAWS:
            lawbook.check(name, law, "float64")
    for test in fault.engine:
        getattr(faults.test_tape, test)()
