"""`tf.initializers`: Keras's initializers."""

from gradtape._ops.keras_initializers import STFT as STFT
from gradtape._ops.keras_initializers import Constant as Constant
from gradtape._ops.keras_initializers import Identity as Identity
from gradtape._ops.keras_initializers import Initializer as Initializer
from gradtape._ops.keras_initializers import Ones as Ones
from gradtape._ops.keras_initializers import Orthogonal as Orthogonal
from gradtape._ops.keras_initializers import RandomNormal as RandomNormal
from gradtape._ops.keras_initializers import RandomUniform as RandomUniform
from gradtape._ops.keras_initializers import TruncatedNormal as TruncatedNormal
from gradtape._ops.keras_initializers import Zeros as Zeros
from gradtape._ops.variance_scaling import GlorotNormal as GlorotNormal
from gradtape._ops.variance_scaling import GlorotUniform as GlorotUniform
from gradtape._ops.variance_scaling import HeNormal as HeNormal
from gradtape._ops.variance_scaling import HeUniform as HeUniform
from gradtape._ops.variance_scaling import LecunNormal as LecunNormal
from gradtape._ops.variance_scaling import LecunUniform as LecunUniform
from gradtape._ops.variance_scaling import VarianceScaling as VarianceScaling
from gradtape._ops.variance_scaling import deserialize as deserialize
from gradtape._ops.variance_scaling import get as get
from gradtape._ops.variance_scaling import serialize as serialize
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)

# Keras spells each in three ways.
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
stft = STFT
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros
IdentityInitializer, OrthogonalInitializer, STFTInitializer = Identity, Orthogonal, STFT
