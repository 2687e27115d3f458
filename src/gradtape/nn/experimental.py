"""`tf.nn.experimental`: dropout by a seed that is given, or by numbers of the user's own."""

from gradtape._ops.dropouts import general_dropout as general_dropout
from gradtape._ops.dropouts import stateless_dropout as stateless_dropout
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)
