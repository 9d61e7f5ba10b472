"""What the product does, one function per deed, each with its ports as keyword arguments.

========================  ========================================================  ==============
function                  deed                                                      worker
========================  ========================================================  ==============
:func:`accept_payment`    take a request in, once                                   validator
:func:`find_payment`      show a payment                                            query
:func:`list_payments`     show a page of payments                                   query
:func:`events_of`         show a payment's audit trail                              query
:func:`dispatch_change`   tell what a change of a payment asks for                  dispatcher
:func:`process_payment`   bring a payment to its end                                processor
:func:`examine_payment`   tell a workflow what is to be done about a payment        examiner
:func:`request_approval`  ask for a person's approval                               requester
:func:`decide_approval`   take a person's decision                                  approver
:func:`settle_payment`    bring a payment to its end, for a workflow that waits     charger
:func:`notify_payment`    tell the customer                                         notifier
:func:`record_change`     write the audit trail                                     auditor
:func:`wake_overdue`      wake what was left lying                                  sweeper
:func:`reconcile_day`     hold the gateway's ledger against the payments          reconciler
:func:`settle_review`     settle by hand what nobody may guess                      an operator
:func:`register_batch`    record an uploaded file, once                             registrar
:func:`plan_batch`        find the ranges in which a file is read, or refuse it     planner
:func:`record_plan`       record that rows are about to be entered                  registrar
:func:`ingest_range`      enter the rows of one range                               ingestor
:func:`collect_batch`     add up what came of the ranges                            collector
:func:`complete_batch`    record what the rows came to                              registrar
:func:`fail_batch`        record why a file failed                                  registrar
:func:`settle_batches`    follow batches to their end                               settler
:func:`find_batch`        show a batch                                              query
:func:`list_batches`      show a page of batches                                    query
========================  ========================================================  ==============
"""

from payments.use_cases.accept import Accepted, accept_payment
from payments.use_cases.approve import decide_approval, request_approval
from payments.use_cases.batches.collect import Collected, collect_batch
from payments.use_cases.batches.ingest import ingest_range
from payments.use_cases.batches.plan import Planned, plan_batch
from payments.use_cases.batches.query import find_batch, list_batches
from payments.use_cases.batches.register import (
    Failed,
    Registered,
    complete_batch,
    fail_batch,
    record_plan,
    register_batch,
)
from payments.use_cases.batches.settle import settle_batches
from payments.use_cases.dispatch import Answer, Queue, Start, Wake, dispatch_change
from payments.use_cases.examine import Examination, Verdict, examine_payment
from payments.use_cases.notify import notify_payment
from payments.use_cases.process import Outcome, process_payment
from payments.use_cases.query import events_of, find_payment, list_payments
from payments.use_cases.reconcile import Reconciled, reconcile_day
from payments.use_cases.record import record_change
from payments.use_cases.review import settle_review
from payments.use_cases.settle import settle_payment
from payments.use_cases.wake import wake_overdue

__all__ = [
    "Accepted",
    "Answer",
    "Collected",
    "Examination",
    "Failed",
    "Outcome",
    "Planned",
    "Queue",
    "Reconciled",
    "Registered",
    "Start",
    "Verdict",
    "Wake",
    "accept_payment",
    "collect_batch",
    "complete_batch",
    "decide_approval",
    "dispatch_change",
    "events_of",
    "examine_payment",
    "fail_batch",
    "find_batch",
    "find_payment",
    "ingest_range",
    "list_batches",
    "list_payments",
    "notify_payment",
    "plan_batch",
    "process_payment",
    "reconcile_day",
    "record_change",
    "record_plan",
    "register_batch",
    "request_approval",
    "settle_batches",
    "settle_payment",
    "settle_review",
    "wake_overdue",
]
