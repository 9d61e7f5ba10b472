"""What the product does, one function per deed, each with its ports as keyword arguments.

========================  ========================================================  ==============
function                  deed                                                      worker
========================  ========================================================  ==============
:func:`accept_payment`    take a request in, once                                   validator
:func:`find_payment`      show a payment                                            query
:func:`list_payments`     show a page of payments                                   query
:func:`events_of`         show a payment's audit trail                              query
:func:`dispatch_change`   tell which queue a change of a payment wakes              dispatcher
:func:`process_payment`   bring a payment to its end                                processor
:func:`notify_payment`    tell the customer                                         notifier
:func:`record_change`     write the audit trail                                     auditor
:func:`wake_overdue`      wake what was left lying                                  sweeper
:func:`settle_review`     settle by hand what nobody may guess                      an operator
========================  ========================================================  ==============
"""

from payments.use_cases.accept import Accepted, accept_payment
from payments.use_cases.dispatch import Queue, Wake, dispatch_change
from payments.use_cases.notify import notify_payment
from payments.use_cases.process import Outcome, process_payment
from payments.use_cases.query import events_of, find_payment, list_payments
from payments.use_cases.record import record_change
from payments.use_cases.review import settle_review
from payments.use_cases.wake import wake_overdue

__all__ = [
    "Accepted",
    "Outcome",
    "Queue",
    "Wake",
    "accept_payment",
    "dispatch_change",
    "events_of",
    "find_payment",
    "list_payments",
    "notify_payment",
    "process_payment",
    "record_change",
    "settle_review",
    "wake_overdue",
]
