"""`tf.signal`: Fourier and cosine transforms, frames, windows and the mel scale."""

from gradtape._ops.cosine_transforms import dct as dct
from gradtape._ops.cosine_transforms import idct as idct
from gradtape._ops.cosine_transforms import inverse_mdct as inverse_mdct
from gradtape._ops.cosine_transforms import mdct as mdct
from gradtape._ops.cosine_transforms import mfccs_from_log_mel_spectrograms as mfccs_from_log_mel_spectrograms
from gradtape._ops.fourier import fft as fft
from gradtape._ops.fourier import fft2d as fft2d
from gradtape._ops.fourier import fft3d as fft3d
from gradtape._ops.fourier import ifft as ifft
from gradtape._ops.fourier import ifft2d as ifft2d
from gradtape._ops.fourier import ifft3d as ifft3d
from gradtape._ops.fourier import irfft as irfft
from gradtape._ops.fourier import irfft2d as irfft2d
from gradtape._ops.fourier import irfft3d as irfft3d
from gradtape._ops.fourier import rfft as rfft
from gradtape._ops.fourier import rfft2d as rfft2d
from gradtape._ops.fourier import rfft3d as rfft3d
from gradtape._ops.fourier_axes import fftnd as fftnd
from gradtape._ops.fourier_axes import fftshift as fftshift
from gradtape._ops.fourier_axes import ifftnd as ifftnd
from gradtape._ops.fourier_axes import ifftshift as ifftshift
from gradtape._ops.fourier_axes import irfftnd as irfftnd
from gradtape._ops.fourier_axes import rfftnd as rfftnd
from gradtape._ops.frames import frame as frame
from gradtape._ops.frames import inverse_stft as inverse_stft
from gradtape._ops.frames import inverse_stft_window_fn as inverse_stft_window_fn
from gradtape._ops.frames import overlap_and_add as overlap_and_add
from gradtape._ops.frames import stft as stft
from gradtape._ops.signal_windows import hamming_window as hamming_window
from gradtape._ops.signal_windows import hann_window as hann_window
from gradtape._ops.signal_windows import kaiser_bessel_derived_window as kaiser_bessel_derived_window
from gradtape._ops.signal_windows import kaiser_window as kaiser_window
from gradtape._ops.signal_windows import linear_to_mel_weight_matrix as linear_to_mel_weight_matrix
from gradtape._ops.signal_windows import vorbis_window as vorbis_window
from gradtape._run.stand_in import missing as _missing

__getattr__ = _missing(__name__)
