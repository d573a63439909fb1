"""Scopes: every service method has one, and none of them is forgotten."""

from __future__ import annotations

import pytest

from heliograph.core.access import Scope
from heliograph.core.errors import NotAllowed
from heliograph.intake.methods import service_methods
from heliograph.intake.scopes import SCOPE_OF, require_for
from heliograph.testing.builders import a_caller


@pytest.mark.parametrize("method", sorted(service_methods()))
def test_every_service_method_says_which_scope_it_takes(method: str) -> None:
    assert method in SCOPE_OF


@pytest.mark.parametrize("method", [method for method, scope in SCOPE_OF.items() if scope is not None])
@pytest.mark.parametrize("scope", list(Scope))
def test_a_token_with_one_scope_may_call_its_methods_and_no_other(method: str, scope: Scope) -> None:
    caller = a_caller(scopes=frozenset({scope}), token_id=1)
    if scope in (SCOPE_OF[method], Scope.ADMIN):
        require_for(method, caller)
    else:
        with pytest.raises(NotAllowed, match="scope"):
            require_for(method, caller)


def test_a_method_nobody_thought_of_takes_an_administrators_token() -> None:
    with pytest.raises(NotAllowed):
        require_for("SellTheLighthouse", a_caller(scopes=frozenset(set(Scope) - {Scope.ADMIN}), token_id=1))
    require_for("SellTheLighthouse", a_caller())
