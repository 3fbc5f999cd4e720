"""One nginx, in front of two servers, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.nginx_sites import Proxy, run_nginx


@pytest.fixture(scope="package")
def proxy() -> Iterator[Proxy]:
    with run_nginx() as proxy:
        yield proxy
