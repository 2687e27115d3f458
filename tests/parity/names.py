"""The names that programs use: how many public names there are, and which of the used ones are missing.

    python -m tests.parity.names

`usage.tsv` counts, for each name of TensorFlow's, the programs that use it: 312 programs with a GradientTape from
guides, courses and research, and 182 source files of libraries built on TensorFlow.
"""

import inspect
from collections.abc import Iterator
from pathlib import Path

import gradtape as tf
from tests.docs.public_names import spellings

USAGE = Path(__file__).with_name("usage.tsv")
# Parts of TensorFlow that are no operations on tensors, with what stands for them.
ELSEWHERE = {
    "keras": "Keras is a package of its own",
    "data": "input pipelines: any iterable serves",
    "distribute": "one process, one device",
    "saved_model": "files of models",
    "io": "files",
    "summary": "logs for TensorBoard",
    "compat": "TensorFlow 1",
    "strings": "operations on texts",
    "ragged": "ragged tensors",
    "RaggedTensor": "ragged tensors",
    "tpu": "devices that there are not",
    "train": "files of variables (checkpoints), examples in files",
    "estimator": "removed from TensorFlow",
    "feature_column": "TensorFlow 1's input columns",
    "experimental.dtensor": "one process, one device",
    "experimental.numpy": "NumPy itself",
    "config.experimental_connect_to_cluster": "one process, one device",
    "optimizers": "another name of tf.keras.optimizers",
    "losses": "another name of tf.keras.losses",
    "image.decode_jpeg": "files",
    "image.decode_png": "files",
    "image.decode_image": "files",
}
LEAST_PROGRAMS = 2


def used(least: int = LEAST_PROGRAMS) -> Iterator[tuple[str, str, int]]:
    """Yields the names used by at least so many programs: the name, a keyword argument or "", the number."""
    for line in USAGE.read_text(encoding="utf-8").splitlines()[2:]:
        name, kind, programs, _ = line.split("\t")
        if name.startswith("tf.") and int(programs) >= least:
            function, _, keyword = name.partition("(")
            yield function, keyword.rstrip("=)") if kind == "kwarg" else "", int(programs)


def aside(name: str) -> bool:
    """True for a name of a part that is set aside."""
    return any(name == f"tf.{part}" or name.startswith(f"tf.{part}.") for part in ELSEWHERE)


def exists(name: str, keyword: str = "") -> bool:
    """True if gradtape has the name, and its function takes the keyword argument."""
    value = tf
    for part in name.split(".")[1:]:
        try:
            value = getattr(value, part)
        except AttributeError:
            return False
    if not keyword:
        return True
    parameters = inspect.signature(value).parameters.values()
    return any(each.name == keyword or each.kind is each.VAR_KEYWORD for each in parameters)


def missing(least: int = LEAST_PROGRAMS) -> list[tuple[str, int]]:
    """Returns the used names that gradtape lacks, most used first."""
    found = [
        (f"{name}({keyword}=)" if keyword else name, programs)
        for name, keyword, programs in used(least)
        if not aside(name) and not exists(name, keyword)
    ]
    return sorted(found, key=lambda each: -each[1])


def main() -> None:
    """Prints the count of the public names, and what is missing of those in use."""
    names = spellings()
    print(f"{len(names)} public functions and classes under {sum(map(len, names.values()))} names")
    asked = [name for name, keyword, _ in used() if not aside(name)]
    lacking = missing()
    print(f"missing of {len(asked)} names and arguments that {LEAST_PROGRAMS} programs or more use: {len(lacking)}")
    for name, programs in lacking:
        print(f"  {name}, in {programs} programs")


if __name__ == "__main__":
    main()
