"""How trunks did over the last day, in half hours."""

from trunkline.operations.trunk_history import SLOT_S, SLOTS, TrunkHistory

NOW = 1_700_000_000.0


def test_a_day_has_every_half_hour_with_its_tries():
    history = TrunkHistory()
    history.tried(3, NOW, is_good=True)
    history.tried(3, NOW, is_good=False)
    history.tried(3, NOW - 2 * SLOT_S, is_good=False)
    day = history.of(3, NOW)
    assert len(day) == SLOTS
    assert [(slot.good, slot.failed) for slot in day[-3:]] == [(0, 1), (0, 0), (1, 1)]
    assert day[-1].at <= NOW < day[-1].at + SLOT_S
    assert not any(slot.good or slot.failed for slot in history.of(4, NOW))


def test_what_is_older_than_a_day_is_forgotten():
    history = TrunkHistory()
    history.tried(3, NOW, is_good=True)
    later = NOW + SLOTS * SLOT_S
    history.tried(3, later, is_good=True)
    assert len(history._counts[3]) == 1
    assert sum(slot.good for slot in history.of(3, later)) == 1
