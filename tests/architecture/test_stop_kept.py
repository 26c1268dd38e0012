"""A server that was asked to stop while one of its workers died stops all the same."""

from types import SimpleNamespace

from authsec.console.management.commands.serve import StopKept


def test_a_signal_to_stop_outlives_the_clearing_of_the_event() -> None:
    server = SimpleNamespace(interrupt_signal=False)
    event = StopKept(server)
    event.set()
    event.clear()
    assert not event.is_set(), "a worker that died is replaced, and the loop waits again"
    event.set()
    server.interrupt_signal = True  # the signal arrives after the loop asked, and before it clears
    event.clear()
    assert event.wait(0), "the loop comes round, asks again and stops"
