"""Official weights into our layers, complete both ways: nothing missing, nothing left over."""

import numpy as np
from keras import ops

from course_utils.errors import CourseError

# What the two call the weights of a layer. Everything else is a single array with its own name.
LEAVES = {"kernel": "weight", "gamma": "weight", "bias": "bias", "beta": "bias"}
MENTIONED = 5  # tensors by name in one message


def assign(model, names: dict[str, str], tensors: dict, *, file, ignored: tuple = ()) -> None:
    """Copy tensors into the weights of a model.

    names: our layer, or our weight where it has no layer of its own -> its official name;
    tensors: official name -> array; ignored: endings of names that hold nothing learned.
    Raises CourseError when a tensor is missing, left over or of another shape; the model is then
    as it was.
    """
    wanted = {official_name(weight.path, names): weight for weight in model.weights}
    extra = [name for name in sorted(set(tensors) - set(wanted)) if not name.endswith(ignored)]
    converted, misshapen = {}, []
    for name, weight in wanted.items():
        if name in tensors:
            is_kernel = weight.path.endswith("/kernel")
            converted[name] = to_ours(tensors[name], tuple(weight.shape), is_kernel=is_kernel)
            if converted[name] is None:
                misshapen.append(f"{name} {tensors[name].shape}")
    problems = {
        "missing": sorted(set(wanted) - set(tensors)),
        "not in this model": extra,
        "of an unexpected shape": sorted(misshapen),
    }
    if any(problems.values()):
        there = {name for name in tensors if not name.endswith(ignored)}
        causes = likely_causes(set(wanted), there, head=names.get("head", "no head"))
        raise CourseError(complaint(file, problems, causes))
    for name, weight in wanted.items():
        weight.assign(converted[name])


def official_name(path: str, names: dict[str, str]) -> str:
    """Say which tensor belongs to our weight, by its path "layer/…/kernel"."""
    if path in names:
        return names[path]
    layer, _, leaf = path.rpartition("/")
    return f"{names[layer]}.{LEAVES[leaf]}"


def to_ours(tensor, shape, *, is_kernel):
    """Turn a tensor of PyTorch into the shape of our weight; None where it does not fit.

    A kernel (out, in) -> (in, out) or (out, in, h, w) -> (h, w, in, out), flat (h·w·in, out) where
    ours is a dense layer on patches. In anything else, leading axes of length 1 go.
    """
    if is_kernel:
        tensor = np.moveaxis(tensor, (0, 1), (-1, -2))  # (in, out) or (h, w, in, out)
        if tensor.ndim > len(shape):
            tensor = tensor.reshape(-1, tensor.shape[-1])  # (h·w·in, out)
    while tensor.ndim > len(shape) and tensor.shape[0] == 1:
        tensor = tensor[0]
    return tensor if tensor.shape == shape else None


def likely_causes(wanted: set[str], there: set[str], *, head: str) -> list[str]:
    """Say which known way to save a model explains it; [] where none does."""
    causes = []
    added, gone = prefixes(there, wanted), prefixes(wanted, there)
    if added:
        causes.append(f"Its names begin with an additional '{added}': save the model inside.")
        there = {name.removeprefix(added) for name in there}
    elif gone:
        causes.append(
            f"Its names lack the '{gone}' at their beginning: only the body was saved, without "
            "what a classifier has around it."
        )
        there = {gone + name for name in there} | there
    missing = wanted - there
    if missing and all(name.startswith(f"{head}.") for name in missing):
        causes.append(
            "It has no head, the layer that tells classes: take the same model as it was trained "
            "for image classification."
        )
    return causes


def prefixes(longer, shorter):
    """What most names of one set have in front of those of the other; "" where few have."""
    found = {}
    for name in shorter:
        for other in longer:
            if other.endswith("." + name):
                front = other.removesuffix(name)
                found[front] = found.get(front, 0) + 1
    front = max(found, key=found.get, default="")
    return front if found.get(front, 0) > len(shorter) / 2 else ""


def complaint(file, problems, causes):
    """Name what does not fit, a handful of each, and why."""
    lines = []
    for problem, names in problems.items():
        if names:
            more = len(names) - MENTIONED
            shown = ", ".join(names[:MENTIONED]) + (f" and {more} more" if more > 0 else "")
            lines.append(f"    {problem}: {shown}")
    return (
        f"{file} does not hold the weights of the model that its config.json describes:\n"
        + "\n".join(lines)
        + "\n"
        + (
            " ".join(causes)
            or "Most likely the two files belong to different models. Take both from one place."
        )
    )


def array(tensor) -> np.ndarray:
    """Make a NumPy array of a tensor of any backend."""
    return np.asarray(ops.convert_to_numpy(tensor))
