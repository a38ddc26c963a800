"""The facade: everything an operator can see and do, in one object that pages, APIs and commands share."""

from __future__ import annotations

from typing import Final

from trunkline.operations.calls import Calls
from trunkline.operations.cdrs import Cdrs
from trunkline.operations.diagnosis import DiagnosisOfRefusals
from trunkline.operations.dry_run import DryRun
from trunkline.operations.events import EventHub
from trunkline.operations.ladders import Ladders
from trunkline.operations.overview import Overview
from trunkline.operations.registrations import Registrations
from trunkline.operations.secret_uses import SecretUses


class Operations:
    """Each attribute is one subject; each of its methods takes the account it works for, and shows no other's things."""

    def __init__(
        self,
        *,
        registrations: Registrations,
        calls: Calls,
        cdrs: Cdrs,
        ladders: Ladders,
        dry_run: DryRun,
        diagnosis: DiagnosisOfRefusals,
        overview: Overview,
        events: EventHub,
        secret_uses: SecretUses,
    ) -> None:
        self.registrations: Final = registrations
        self.calls: Final = calls
        self.cdrs: Final = cdrs
        self.ladders: Final = ladders
        self.dry_run: Final = dry_run
        self.diagnosis: Final = diagnosis
        self.overview: Final = overview
        self.events: Final = events
        self.secret_uses: Final = secret_uses
