from __future__ import annotations

from payments_infra import fast_bindings

fast_bindings.install()
