"""What does a long step say while it works: at most one line every few seconds."""

import sys
import time

SAY_EVERY = 5  # seconds between two progress lines


def epochs(label):
    """Progress of what ``label`` says is trained, for `model.training.train`."""
    say = _speaker()

    def report(epoch, n_epochs, loss, seconds_left):
        say(f"{label}: epoch {epoch} of {n_epochs}, loss {loss:.3f}, {seconds_left:.0f} s left", last=epoch == n_epochs)

    return report


def counter(label):
    """Progress of a loop over patients, told how many are done and how many there are."""
    say = _speaker()

    def report(done, total):
        say(f"{label}: patient {done} of {total}", last=done == total)

    return report


def _speaker():
    spoken = [time.monotonic()]

    def say(text, *, last):
        if last or time.monotonic() - spoken[0] >= SAY_EVERY:
            spoken[0] = time.monotonic()
            print(f"mvi: {text}", file=sys.stderr, flush=True)

    return say
