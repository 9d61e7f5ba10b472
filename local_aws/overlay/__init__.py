"""Where MiniStack answers otherwise than AWS, corrected at start-up and outside MiniStack's own files.

Each module holds one difference: what AWS does, where that is written, and an `apply` that makes the running
emulator do it. A probe in `tests/e2e/test_overlay.py` fails without each, so that an upgrade of MiniStack that mends
a difference is noticed and the patch removed.

Set `LOCAL_AWS_OVERLAY` to a comma-separated list of patch names to apply only those; blank applies none.
"""
