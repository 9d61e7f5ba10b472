"""What the use cases need from the outside world, as narrow protocols.

The in-memory fakes in ``tests/fakes.py`` and the adapters in ``payments.adapters`` both fulfil them and are held to
the same contract tests.
"""

from payments.ports.batches import (
    BatchNotices,
    BatchPage,
    BatchReader,
    BatchStore,
    OverdueBatches,
    PaymentIntake,
    SettledPayments,
    UploadedFiles,
    WorkFiles,
)
from payments.ports.orchestration import ApprovalRequests, Workflow
from payments.ports.payments import (
    AuditLog,
    AuditTrail,
    Charge,
    Clock,
    DiscrepancyReport,
    GatewayLedger,
    KeyRecord,
    LedgerEntry,
    ManyPayments,
    Measurements,
    MessageQueue,
    Notification,
    Notifier,
    OverduePayments,
    Page,
    PaymentGateway,
    PaymentReader,
    PaymentStore,
    Tokens,
)

__all__ = [
    "ApprovalRequests",
    "AuditLog",
    "AuditTrail",
    "BatchNotices",
    "BatchPage",
    "BatchReader",
    "BatchStore",
    "Charge",
    "Clock",
    "DiscrepancyReport",
    "GatewayLedger",
    "KeyRecord",
    "LedgerEntry",
    "ManyPayments",
    "Measurements",
    "MessageQueue",
    "Notification",
    "Notifier",
    "OverdueBatches",
    "OverduePayments",
    "Page",
    "PaymentGateway",
    "PaymentIntake",
    "PaymentReader",
    "PaymentStore",
    "SettledPayments",
    "Tokens",
    "UploadedFiles",
    "WorkFiles",
    "Workflow",
]
