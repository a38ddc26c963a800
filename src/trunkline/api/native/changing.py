"""Changes that are begun anew when somebody else changes the same thing at the same moment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.responses import Response

from trunkline.api.native.asked import Asked
from trunkline.provisioning.faults import FaultCode, ProvisioningFault

TRIES: Final = 3


async def changed(asked: Asked, attempt: Callable[[], Awaitable[Response]]) -> Response:
    """Read, change and write by ``attempt``; again, where the sender did not say what he has seen.

    Raises ProvisioningFault: with an If-Match at once when it does not match any more, without one after some tries.
    """
    for _ in range(TRIES - 1):
        try:
            return await attempt()
        except ProvisioningFault as fault:
            if asked.has_precondition or fault.code is not FaultCode.CHANGED_MEANWHILE:
                raise
    return await attempt()
