"""Bandwidth's own ``bandwidth-numbers-sdk`` against the Dashboard API: applications there and back.

The SDK has no class for applications; they are declared here as it declares its own resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from interop.test_bandwidth_dashboard import Dashboard
from live_server import LiveServer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

pytest.importorskip("bandwidth_numbers", reason="install with: pip install bandwidth-numbers-sdk")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server on which nothing is but an account."""
    server = LiveServer(tmp_path_factory.mktemp("sdk"))
    server.start()
    yield server
    server.close()


@pytest.fixture
def client(server: LiveServer) -> Iterator[Any]:
    """The SDK's client, pointed at the server."""
    from bandwidth_numbers import Client

    dashboard = Dashboard(server)
    yield Client(f"{server.http_url}/api", str(dashboard.account_id), dashboard.key, dashboard.secret)
    dashboard.close()


def resources() -> tuple[type[Any], type[Any]]:
    """The list and the resource, in the SDK's way."""
    from bandwidth_numbers.models.base_resource import BaseData, BaseResource, BaseResourceList
    from bandwidth_numbers.models.maps.base_map import BaseMap

    class LoginMap(BaseMap):
        user_id: str | None = None
        password: str | None = None

    class Login(LoginMap, BaseData):
        pass

    class ApplicationMap(BaseMap):
        app_name: str | None = None
        call_initiated_callback_url: str | None = None
        callback_creds: Any = None
        service_type: str | None = None

    class Application(ApplicationMap, BaseResource):
        _node_name = "Application"
        _node_name_save = "Application"
        _xpath = "/{}"
        application_id: str | None = None

        def __init__(self, parent: Any = None, client: Any = None) -> None:
            super().__init__(parent, client)
            self.callback_creds = Login()

    class Applications(BaseResource):
        _node_name = "ApplicationList"
        _xpath = "/applications"

        def __init__(self, parent: Any = None, client: Any = None) -> None:
            super().__init__(parent, client)
            self.application = BaseResourceList(Application, self)

        def list(self) -> Any:
            return self._get_data().application

    return Applications, Application


def test_applications_go_there_and_back(client: Any) -> None:
    from bandwidth_numbers import Account

    many, one = resources()
    applications = many(Account(client=client), client)
    application = one(applications, client)
    application.set_from_dict({"app_name": "ivr", "call_initiated_callback_url": "https://app.example/"})
    application.callback_creds.set_from_dict({"user_id": "hooks", "password": "s3cret-word"})
    application.save()
    assert application.id is not None

    again = one(applications, client).get(application.id)
    assert (again.app_name, again.service_type) == ("ivr", "Voice-V2")
    assert (again.callback_creds.user_id, again.callback_creds.password) == ("hooks", None)

    again.app_name = "menu"
    assert again._save() is True
    (listed,) = applications.list().items
    assert (listed.app_name, listed.application_id) == ("menu", application.id)

    assert again.delete() is True
    applications = many(Account(client=client), client)
    assert applications.list().items == []


def test_the_sdk_understands_a_refusal(client: Any) -> None:
    from bandwidth_numbers.utils.rest import RestError

    account = client.config.account_id
    with pytest.raises(RestError) as refusal:
        client.get(f"accounts/{account}/applications/11111111-2222-4333-8444-555555555555")
    assert "13629" in str(refusal.value)
    assert "There is no application" in str(refusal.value)
