"""Operations of a program's own, declared as the package declares its: `from gradtape import op`."""

from gradtape._core.dtypes import ANY as ANY
from gradtape._core.dtypes import BOOL as BOOL
from gradtape._core.dtypes import COMPLEX as COMPLEX
from gradtape._core.dtypes import FLOATS as FLOATS
from gradtape._core.dtypes import INDEX as INDEX
from gradtape._core.dtypes import INEXACT as INEXACT
from gradtape._core.dtypes import INTEGERS as INTEGERS
from gradtape._core.dtypes import NUMBERS as NUMBERS
from gradtape._core.dtypes import REALS as REALS
from gradtape._core.families import bilinear as bilinear
from gradtape._core.families import composite as composite
from gradtape._core.families import discrete as discrete
from gradtape._core.families import elementwise as elementwise
from gradtape._core.families import linear as linear
from gradtape._core.families import primitive as primitive
from gradtape._core.op import CUT as CUT
from gradtape._core.op import NOT_DIFFERENTIABLE as NOT_DIFFERENTIABLE
from gradtape._core.op import NOT_WRITTEN as NOT_WRITTEN
from gradtape._core.op import ZERO as ZERO
from gradtape._core.op import Op as Op
from gradtape._core.sampling import Sample as Sample
from gradtape._core.sampling import Samples as Samples
from gradtape._core.sampling import Values as Values
from gradtape._core.sampling import arrays as arrays
from gradtape._core.sampling import pairs as pairs
from gradtape._core.sampling import singles as singles
