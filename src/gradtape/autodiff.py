"""`tf.autodiff`: forward mode."""

from gradtape._autodiff.accumulator import ForwardAccumulator as ForwardAccumulator
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)
