"""Whatever happens in whatever order: rules of a random walk through deaths, delays, repeats and lost answers."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from payments.domain.approval import ApprovalState
from payments.domain.decision import Decision
from payments.domain.errors import PaymentError
from payments.domain.payment import TRANSITIONS, Payment, Status
from payments.domain.request import PaymentRequest
from tests.fakes import Act, ProcessDied
from tests.unit.executions import ENDS, Step
from tests.unit.invariants import assert_kept
from tests.unit.pipeline import APPROVALS, HIGH, KEY_RETENTION, LEASE, ORCHESTRATED, Pipeline

# Any worker may fail or die in any rule; what it leaves behind is what the next rules and the invariants meet.
troubles = (PaymentError, ProcessDied)


class PipelineMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pipeline = Pipeline()
        self.acknowledged: set[str] = set()
        self.seen: dict[str, Payment] = {}

    @rule(key=st.sampled_from(["key-1", "key-2", "key-3"]))
    def a_client_asks(self, key: str) -> None:
        with suppress(*troubles):
            self.acknowledged.add(self.pipeline.accept(key=key).payment.payment_id)

    @rule(key=st.sampled_from(["key-1", "key-2", "key-3"]))
    def a_client_asks_for_something_else_under_the_key(self, key: str) -> None:
        with suppress(*troubles):
            answer = self.pipeline.accept(PaymentRequest(amount=Decimal("99.00")), key=key)
            self.acknowledged.add(answer.payment.payment_id)

    @rule(key=st.sampled_from(["key-4", "key-5"]), request=st.sampled_from([ORCHESTRATED, HIGH]))
    def a_client_asks_for_a_workflow(self, key: str, request: PaymentRequest) -> None:
        with suppress(*troubles):
            self.acknowledged.add(self.pipeline.accept(request, key=key).payment.payment_id)

    @precondition(lambda self: self.pipeline.requests.asked)
    @rule(data=st.data(), decision=st.sampled_from(Decision))
    def a_person_decides(self, data: st.DataObject, decision: Decision) -> None:
        told = data.draw(st.sampled_from(self.pipeline.requests.asked))
        with suppress(*troubles):
            self.pipeline.decide(told.approval_token, decision)

    @precondition(lambda self: self.pipeline.requests.asked)
    @rule(data=st.data(), decision=st.sampled_from(Decision), by_the_queue=st.booleans())
    def a_person_decides_while_somebody_else_writes(
        self, data: st.DataObject, decision: Decision, *, by_the_queue: bool
    ) -> None:
        told = data.draw(st.sampled_from(self.pipeline.requests.asked))

        def other() -> None:
            with suppress(*troubles):
                if by_the_queue:
                    self.pipeline.process(told.payment_id)
                else:
                    self.pipeline.executions.step()

        self.pipeline.store.before_next_write = other
        with suppress(*troubles):
            self.pipeline.decide(told.approval_token, decision)

    @rule(failures=st.integers(1, 3))
    def the_workflow_service_is_down(self, failures: int) -> None:
        self.pipeline.workflow.failures = failures

    @rule()
    def the_back_office_is_not_reached(self) -> None:
        self.pipeline.requests.failures = 1

    @precondition(lambda self: self.pipeline.workflow.started)
    @rule(data=st.data())
    def a_workflow_is_lost(self, data: st.DataObject) -> None:
        self.pipeline.executions.alarms()
        self.pipeline.executions.lose(data.draw(st.sampled_from(self.pipeline.workflow.started)))

    @precondition(lambda self: self.pipeline.starts_next())
    @rule()
    def a_start_is_given_up(self) -> None:
        self.pipeline.dispatched += 1

    @rule()
    def a_workflow_works_out_of_turn(self) -> None:
        with suppress(*troubles):
            self.pipeline.executions.step()

    @rule(act=st.sampled_from(Act))
    def the_gateway_will(self, act: Act) -> None:
        self.pipeline.gateway.acts.append(act)

    @rule(out=st.booleans())
    def the_gateway_finds_nothing_out(self, *, out: bool) -> None:
        self.pipeline.gateway.finds_nothing_out = out

    @rule(step=st.integers(0, 5))
    def a_worker_will_die(self, step: int) -> None:
        self.pipeline.faults.kill_at(step)

    @rule()
    def an_answer_will_be_lost(self) -> None:
        self.pipeline.store.lose_next_answer()

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def a_message_comes_twice(self, data: st.DataObject) -> None:
        payment_id = data.draw(st.sampled_from(sorted(self.seen)))
        self.pipeline.processing.messages.append(payment_id)
        self.pipeline.notification.messages.append(payment_id)

    @precondition(lambda self: self.pipeline.processing.messages)
    @rule()
    def a_message_is_lost(self) -> None:
        self.pipeline.processing.messages.popleft()

    @precondition(lambda self: self.pipeline.dispatched > 0 and self.pipeline.audited > 0)
    @rule()
    def the_stream_goes_back(self) -> None:
        self.pipeline.dispatched -= 1
        self.pipeline.audited -= 1

    @rule(steps=st.integers(1, 4))
    def workers_work(self, steps: int) -> None:
        for _ in range(steps):
            with suppress(*troubles):
                self.pipeline.step()

    @precondition(lambda self: self.pipeline.processing.messages)
    @rule()
    def a_processor_works_out_of_turn(self) -> None:
        with suppress(*troubles):
            self.pipeline.process_next()

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def two_processors_meet(self, data: st.DataObject) -> None:
        payment_id = data.draw(st.sampled_from(sorted(self.seen)))
        late = data.draw(st.sampled_from([timedelta(0), LEASE]))

        def other() -> None:
            self.pipeline.wait(late)
            with suppress(*troubles):
                self.pipeline.process(payment_id)

        intruded = data.draw(st.sampled_from([self.pipeline.store, self.pipeline.gateway]))
        if intruded is self.pipeline.store:
            self.pipeline.store.before_next_write = other
        else:
            self.pipeline.gateway.before_next_charge = other
        with suppress(*troubles):
            self.pipeline.process(payment_id)

    @rule()
    def the_sweeper_sweeps(self) -> None:
        with suppress(*troubles):
            self.pipeline.sweep()

    @rule(by=st.sampled_from([timedelta(seconds=1), LEASE, timedelta(hours=1), APPROVALS.timeout, KEY_RETENTION]))
    def time_passes(self, by: timedelta) -> None:
        self.pipeline.wait(by)

    @rule(by=st.sampled_from([-LEASE / 4, LEASE / 4]))
    def the_workers_clock_jumps(self, by: timedelta) -> None:
        ahead = self.pipeline.clock.now + by - self.pipeline.gateway_clock.now
        if abs(ahead) <= LEASE / 2:
            self.pipeline.clock.move(by)

    @invariant()
    def nothing_moves_backwards(self) -> None:
        for payment_id, now in self.pipeline.store.payments.items():
            before = self.seen.get(payment_id)
            if before:
                assert now.history[: before.version] == before.history
                assert (now.amount, now.currency, now.request_hash) == (
                    before.amount,
                    before.currency,
                    before.request_hash,
                )
                assert not before.is_terminal or now == before
            for entry, after in zip(now.history, now.history[1:], strict=False):
                assert Status(after.status) in TRANSITIONS[Status(entry.status)]
            self.seen[payment_id] = now

    @invariant()
    def nobody_is_charged_twice(self) -> None:
        assert len(self.pipeline.gateway.taken) == len(set(self.pipeline.gateway.taken))

    @invariant()
    def nobody_is_charged_before_it_is_granted(self) -> None:
        for payment_id, payment in self.pipeline.store.payments.items():
            if payment.approval and payment.approval.state is not ApprovalState.GRANTED:
                assert not self.pipeline.gateway.keys_seen[payment_id]

    @invariant()
    def nothing_acknowledged_is_lost(self) -> None:
        assert self.acknowledged <= self.pipeline.store.payments.keys()

    def teardown(self) -> None:
        self.pipeline.gateway.acts.clear()
        self.pipeline.run()
        for payment_id in self.pipeline.store.payments:
            assert_kept(self.pipeline, payment_id)
        for execution in self.pipeline.executions.of.values():
            assert execution.step in ENDS
            if execution.step is Step.SUCCEEDED:
                assert self.pipeline.store.get(execution.payment_id).status is Status.SUCCEEDED


TestPipeline = PipelineMachine.TestCase
TestPipeline.settings = settings(max_examples=60, stateful_step_count=40)
