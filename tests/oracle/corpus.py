"""One case per seed: a random model's file and Keras' verdict on it; every third file is damaged."""

import random

import jax

from .mutations import mutate
from .random_models import random_model
from .truth import truth_of_json

MUTATED_EVERY = 3


def case_of(seed: int, with_macs: bool = True) -> dict:
    """Return {"seed", "mutation", "config": text} and "truth" or, when Keras refuses the file, "refused"."""
    if seed % 50 == 0:
        jax.clear_caches()  # they grow by some MB a model
    text = random_model(seed).to_json()
    mutation = None
    if seed % MUTATED_EVERY == MUTATED_EVERY - 1:
        text, mutation = mutate(random.Random(f"mutate {seed}"), text)
    case = {"seed": seed, "mutation": mutation, "config": text}
    try:
        case["truth"] = truth_of_json(text, with_macs)
    except Exception as error:  # Keras refuses with every kind of exception
        case["refused"] = f"{type(error).__name__}: {short(str(error))}"
    return case


def short(message: str) -> str:
    """Keep both ends: Keras wraps the reason in the deserialisation of everything around it."""
    message = " ".join(message.split())
    return message if len(message) <= 300 else f"{message[:100]} … {message[-200:]}"
