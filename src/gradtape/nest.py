"""`tf.nest`: nested structures of lists, tuples and dicts."""

from gradtape._core.nest import assert_same_structure as assert_same_structure
from gradtape._core.nest import flatten as flatten
from gradtape._core.nest import is_nested as is_nested
from gradtape._core.nest import map_structure as map_structure
from gradtape._core.nest import pack_sequence_as as pack_sequence_as
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)
