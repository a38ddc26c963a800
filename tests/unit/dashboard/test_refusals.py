"""What a use case refuses is told with a way on that these pages have."""

import re

import pytest

from trunkline.dashboard.cures import CURES
from trunkline.provisioning.faults import FaultCode

from .conftest import Html

COMMAND = re.compile(r"(?<![\w-])--[a-z]|\btrunkline [a-z]+ ")


@pytest.fixture
async def owner(browser, users):
    await browser.sign_in("owner")
    return browser


@pytest.mark.parametrize(
    ("path", "back"),
    [
        ("realms/99", "realms"),
        ("credentials/99", "credentials"),
        ("applications/00000000-0000-4000-8000-000000000000", "applications"),
        ("trunks/99", "trunks"),
        ("numbers/15550100199", "numbers"),
        ("users/99", "users"),
        ("keys/key-none/revoke", "users"),
        ("webhooks/none", "webhooks"),
    ],
)
async def test_what_is_not_there_leads_to_what_there_is_and_to_no_command(owner, account, path, back):
    answer = await owner.get(f"/{account.id}/{path}")
    assert answer.status_code == 404
    page = Html(answer.text)
    assert f"/{account.id}/{back}" in page.links()
    assert not COMMAND.search(page.text)
    assert (await owner.get(f"/{account.id}/{back}")).status_code == 200


def test_every_link_is_for_a_fault_there_is():
    assert set(CURES) <= set(FaultCode)
