"""What provisioning takes from chance and time, in tests: countable, and standing still."""

from __future__ import annotations


class CountedTokens:
    """``Tokens`` that count."""

    def __init__(self) -> None:
        self.count = 0

    def account_label(self) -> str:
        self.count += 1
        return f"{0x0A1B2B + self.count:06x}"

    def application_id(self) -> str:
        self.count += 1
        return f"11111111-2222-4333-8444-{self.count:012d}"

    def password(self) -> str:
        self.count += 1
        return f"generated-password-{self.count}"

    def key_id(self) -> str:
        self.count += 1
        return f"key-{self.count:016x}"

    def key_secret(self) -> str:
        self.count += 1
        return f"secret-{self.count:036d}"

    def webhook_id(self) -> str:
        self.count += 1
        return f"webhook-{self.count:016x}"

    def webhook_secret(self) -> str:
        self.count += 1
        return f"whsec_{self.count:043d}="


class StandingClock:
    """A ``Clock`` that stands until it is set."""

    def __init__(self, time: float = 1_700_000_000.0) -> None:
        self.time = time

    def now(self) -> float:
        return self.time
