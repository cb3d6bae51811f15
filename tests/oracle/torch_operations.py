"""Calls of the operations that multiply, with random shapes, for `freeze_torch_export`: one program per kind."""

import random
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from tests.oracle.torch_programs import Case, R

EQUATIONS = """
ij,jk->ik ij,kj->ik bij,bjk->bik bhid,bhjd->bhij ...ij,...jk->...ik i,i-> i,j->ij ij,j->i ij,ij->ij ij,ij-> ii->i
ii,ij->j bi,kij->bkj bi,oij,bj->bo abc,cd,de->abe ij,jk,kl,lm->im aij,ajk,akl->ail ab,bc,ac-> ...i,...i->...
b...k,kj->b...j ij,jk i,ij,j i...,j...->ij... bcxy,bcxy->bxy nhwc,hkc->nhwk ijk,jil->kl abc,abd,c->d
"""
"""Equations of one to four operands: batches, traces, outer products, broadcast and hidden axes, without an output."""


class Many(nn.Module):
    """All results of some calls."""

    def __init__(self, calls: list[Any]) -> None:
        super().__init__()
        self.calls = calls

    def forward(self, *inputs: Any) -> Any:
        results, at = [], 0
        for call, count in self.calls:
            results.append(call(*inputs[at : at + count]))
            at += count
        return tuple(results)


def operands(equation: str, rng: random.Random) -> list[torch.Tensor]:
    """Tensors for an equation; an axis is of size 1 now and then."""
    inputs = equation.split("->")[0].split(",")
    sizes = {letter: rng.randint(2, 5) for letter in [*sorted(set(equation) - set("->,.")), "x1", "x2"]}
    hidden = [sizes["x1"], sizes["x2"]][: rng.randint(0, 2)]
    found = []
    for text in inputs:
        before, dots, after = text.partition("...")
        shape = [sizes[letter] for letter in before] + (hidden if dots else []) + [sizes[letter] for letter in after]
        if len(inputs) > 1 and len(set(text)) == len(text) and rng.random() < 0.2 and shape:
            shape[rng.randrange(len(shape))] = 1
        found.append(R(*shape))
    return found


def einsums(rng: random.Random) -> Case:
    calls, inputs = [], []
    for equation in EQUATIONS.split() * 3:
        tensors = operands(equation, rng)
        path = []
        left = len(tensors)
        while left > 1:
            path += rng.sample(range(left), 2)
            left -= 1
        chosen = path if len(tensors) > 2 and rng.random() < 0.6 else None
        calls.append((lambda *x, e=equation, p=chosen: torch._VF.einsum(e, x, path=p), len(tensors)))
        inputs += tensors
    return Case(Many(calls), tuple(inputs))


def matmuls(rng: random.Random) -> Case:
    """Every pair of ranks up to 4, stretched axes among the batch."""
    calls, inputs = [], []
    for a in range(1, 5):
        for b in range(1, 5):
            for _ in range(2):
                m, k, n = (rng.randint(2, 5) for _ in range(3))
                batch = [rng.randint(2, 4) for _ in range(2)]
                left = ([rng.choice((size, 1)) for size in batch] + [m, k])[-a:]
                right = [*batch, k, n][-b:] if b > 1 else [k]
                calls.append((torch.matmul, 2))
                inputs += [R(*left), R(*right)]
    for shape in ([4], [3, 4], [2, 3, 4], [2, 3, 2, 4]):
        calls.append((functional.linear, 3))
        inputs += [R(*shape), R(5, 4), R(5)]
        calls.append((torch.inner, 2))
        inputs += [R(*shape), R(3, 4)]
    return Case(Many(calls), tuple(inputs))


def products(rng: random.Random) -> Case:
    """The rest of the family of matrix products."""
    calls: list[Any] = [
        (torch.mm, 2),
        (torch.addmm, 3),
        (torch.bmm, 2),
        (torch.baddbmm, 3),
        (torch.mv, 2),
        (torch.dot, 2),
    ]
    inputs = [R(3, 4), R(4, 5), R(5), R(3, 4), R(4, 5), R(2, 3, 4), R(2, 4, 5), R(5), R(2, 3, 4), R(2, 4, 5)]
    inputs += [R(3, 4), R(4), R(4), R(4)]
    for axes in (1, 2, ([0, 1], [1, 0]), ([2], [0]), 0):
        calls.append((lambda a, b, axes=axes: torch.tensordot(a, b, axes), 2))
        inputs += [R(4, 4, 4), R(4, 4, 4)]
    calls.append((lambda a, b: torch.tensordot(a, b, ([0, 1], [0, 1])), 2))
    inputs += [R(1, 3, 5), R(4, 3, 2)]
    return Case(Many(calls), tuple(inputs))


def attentions(rng: random.Random) -> Case:
    """Scaled dot product attention: masks, stretched batches, several ranks, grouped heads."""
    calls, inputs = [], []
    shapes = [((5, 8), (6, 8), (6, 7)), ((2, 5, 8), (2, 6, 8), (2, 6, 8)), ((2, 3, 5, 8), (2, 3, 6, 8), (2, 3, 6, 4))]
    shapes += [((2, 3, 5, 8), (1, 3, 6, 8), (1, 3, 6, 8)), ((2, 1, 5, 8), (2, 3, 6, 8), (2, 3, 6, 8))]
    for q, k, v in shapes:
        causal = rng.random() < 0.3
        calls.append((lambda *x, c=causal: functional.scaled_dot_product_attention(*x, is_causal=c), 3))
        inputs += [R(*q), R(*k), R(*v)]
    grouped = ((2, 6, 5, 8), (2, 2, 7, 8), (2, 2, 7, 8))
    calls.append((lambda *x: functional.scaled_dot_product_attention(*x, enable_gqa=True), 3))
    inputs += [R(*shape) for shape in grouped]
    return Case(Many(calls), tuple(inputs))


def operations() -> dict[str, Case]:
    """A program of each kind, the same each time."""
    kinds = {"einsums": einsums, "matmuls": matmuls, "products": products, "attentions": attentions}
    return {name: make(random.Random(name)) for name, make in kinds.items()}
