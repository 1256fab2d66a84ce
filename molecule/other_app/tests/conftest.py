"""The ledger's host: other folder, other database."""

import pytest
from app_host import AppHost

PSQL = "docker exec ledger-data-books-1 psql --no-psqlrc -qtA -U clerk -d bookkeeping"


@pytest.fixture(scope="session")
def app(host) -> AppHost:
    """The app host of the scenario."""
    return AppHost(host, root="/srv/ledger", psql=PSQL)
