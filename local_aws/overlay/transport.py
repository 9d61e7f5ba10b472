"""Requests over loopback count as sent over TLS, so that policies which refuse everything else can be enforced.

AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport.
The emulator speaks plain HTTP; if it had a certificate, every client on this machine would have to be made to trust it.
"""

from ministack.core import iam_evaluator


def apply() -> None:
    """Answer the condition key `aws:SecureTransport` with true."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_secure(key: str, context: iam_evaluator.EvalContext) -> object:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_secure
