"""`tf.image`: images resized, cropped, turned, coloured, changed at random, and compared."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from gradtape._run.stand_in import missing as _missing

if _TYPE_CHECKING:
    from gradtape._ops.image_adjustments import adjust_brightness as adjust_brightness
    from gradtape._ops.image_adjustments import adjust_contrast as adjust_contrast
    from gradtape._ops.image_adjustments import adjust_gamma as adjust_gamma
    from gradtape._ops.image_adjustments import adjust_hue as adjust_hue
    from gradtape._ops.image_adjustments import adjust_saturation as adjust_saturation
    from gradtape._ops.image_adjustments import random_brightness as random_brightness
    from gradtape._ops.image_adjustments import random_contrast as random_contrast
    from gradtape._ops.image_adjustments import random_hue as random_hue
    from gradtape._ops.image_adjustments import random_saturation as random_saturation
    from gradtape._ops.image_adjustments import stateless_random_brightness as stateless_random_brightness
    from gradtape._ops.image_adjustments import stateless_random_contrast as stateless_random_contrast
    from gradtape._ops.image_adjustments import stateless_random_hue as stateless_random_hue
    from gradtape._ops.image_adjustments import stateless_random_saturation as stateless_random_saturation
    from gradtape._ops.image_boxes import crop_and_resize as crop_and_resize
    from gradtape._ops.image_boxes import non_max_suppression as non_max_suppression
    from gradtape._ops.image_boxes import non_max_suppression_overlaps as non_max_suppression_overlaps
    from gradtape._ops.image_boxes import non_max_suppression_padded as non_max_suppression_padded
    from gradtape._ops.image_boxes import non_max_suppression_with_scores as non_max_suppression_with_scores
    from gradtape._ops.image_colours import convert_image_dtype as convert_image_dtype
    from gradtape._ops.image_colours import grayscale_to_rgb as grayscale_to_rgb
    from gradtape._ops.image_colours import hsv_to_rgb as hsv_to_rgb
    from gradtape._ops.image_colours import rgb_to_grayscale as rgb_to_grayscale
    from gradtape._ops.image_colours import rgb_to_hsv as rgb_to_hsv
    from gradtape._ops.image_colours import rgb_to_yiq as rgb_to_yiq
    from gradtape._ops.image_colours import rgb_to_yuv as rgb_to_yuv
    from gradtape._ops.image_colours import yiq_to_rgb as yiq_to_rgb
    from gradtape._ops.image_colours import yuv_to_rgb as yuv_to_rgb
    from gradtape._ops.image_quality import image_gradients as image_gradients
    from gradtape._ops.image_quality import per_image_standardization as per_image_standardization
    from gradtape._ops.image_quality import psnr as psnr
    from gradtape._ops.image_quality import sobel_edges as sobel_edges
    from gradtape._ops.image_quality import ssim as ssim
    from gradtape._ops.image_quality import ssim_multiscale as ssim_multiscale
    from gradtape._ops.image_quality import total_variation as total_variation
    from gradtape._ops.image_sizes import ResizeMethod as ResizeMethod
    from gradtape._ops.image_sizes import central_crop as central_crop
    from gradtape._ops.image_sizes import crop_to_bounding_box as crop_to_bounding_box
    from gradtape._ops.image_sizes import pad_to_bounding_box as pad_to_bounding_box
    from gradtape._ops.image_sizes import resize as resize
    from gradtape._ops.image_sizes import resize_with_crop_or_pad as resize_with_crop_or_pad
    from gradtape._ops.image_sizes import resize_with_pad as resize_with_pad
    from gradtape._ops.image_turns import flip_left_right as flip_left_right
    from gradtape._ops.image_turns import flip_up_down as flip_up_down
    from gradtape._ops.image_turns import random_crop as random_crop
    from gradtape._ops.image_turns import random_flip_left_right as random_flip_left_right
    from gradtape._ops.image_turns import random_flip_up_down as random_flip_up_down
    from gradtape._ops.image_turns import rot90 as rot90
    from gradtape._ops.image_turns import stateless_random_crop as stateless_random_crop
    from gradtape._ops.image_turns import stateless_random_flip_left_right as stateless_random_flip_left_right
    from gradtape._ops.image_turns import stateless_random_flip_up_down as stateless_random_flip_up_down
    from gradtape._ops.image_turns import transpose as transpose
    from gradtape._ops.patches import extract_patches as extract_patches

# Loaded when they are first asked for: an import of gradtape is short.
_LATER = {
    "gradtape._ops.image_adjustments": [
        "adjust_brightness",
        "adjust_contrast",
        "adjust_gamma",
        "adjust_hue",
        "adjust_saturation",
        "random_brightness",
        "random_contrast",
        "random_hue",
        "random_saturation",
        "stateless_random_brightness",
        "stateless_random_contrast",
        "stateless_random_hue",
        "stateless_random_saturation",
    ],
    "gradtape._ops.image_boxes": [
        "crop_and_resize",
        "non_max_suppression",
        "non_max_suppression_overlaps",
        "non_max_suppression_padded",
        "non_max_suppression_with_scores",
    ],
    "gradtape._ops.image_colours": [
        "convert_image_dtype",
        "grayscale_to_rgb",
        "hsv_to_rgb",
        "rgb_to_grayscale",
        "rgb_to_hsv",
        "rgb_to_yiq",
        "rgb_to_yuv",
        "yiq_to_rgb",
        "yuv_to_rgb",
    ],
    "gradtape._ops.image_quality": [
        "image_gradients",
        "per_image_standardization",
        "psnr",
        "sobel_edges",
        "ssim",
        "ssim_multiscale",
        "total_variation",
    ],
    "gradtape._ops.image_sizes": [
        "ResizeMethod",
        "central_crop",
        "crop_to_bounding_box",
        "pad_to_bounding_box",
        "resize",
        "resize_with_crop_or_pad",
        "resize_with_pad",
    ],
    "gradtape._ops.image_turns": [
        "flip_left_right",
        "flip_up_down",
        "random_crop",
        "random_flip_left_right",
        "random_flip_up_down",
        "rot90",
        "stateless_random_crop",
        "stateless_random_flip_left_right",
        "stateless_random_flip_up_down",
        "transpose",
    ],
    "gradtape._ops.patches": ["extract_patches"],
}
__getattr__ = _missing(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _LATER.values() for name in names)])
