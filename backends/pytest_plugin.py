"""Loaded by pytest wherever this distribution is installed: failed checks of the kit show values.

It imports nothing but pytest, since it runs in every test session of the environment. Subclass
`backends.contract.BackendContract` in your own tests.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("backends.contract")
