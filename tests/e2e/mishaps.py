"""What befalls a deployment's queues and consumers: each mishap is put right again, whatever happens meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from local_aws import account
from payments.domain.messages import encode_message
from tests.e2e.client import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.deployment import Deployment


class Mishaps:
    """Disturbs one deployment by the calls an operator could make."""

    def __init__(self, deployment: Deployment, suffix: str) -> None:
        self._deployment = deployment
        self._suffix = suffix
        session = account.session(deployment.region)
        options: dict[str, Any] = {"endpoint_url": deployment.endpoint_url, "config": account.DIRECT}
        self._functions = session.client("lambda", **options)
        self._sqs = session.client("sqs", **options)
        self._states = session.client("stepfunctions", **options)
        self.duplicated: list[str] = []

    def duplicate(self, queue: str, payment_id: str) -> None:
        """Deliver the message about the payment once more."""
        self._sqs.send_message(QueueUrl=self._queue(queue), MessageBody=encode_message(payment_id))
        self.duplicated.append(payment_id)

    def sweep(self) -> None:
        """Run the sweeper once more than its schedule does."""
        self._functions.invoke(FunctionName=self._name("sweeper"), Payload=b"{}")

    def start_batch(self, input_: str) -> str:
        """Deliver an upload's event once more; return the execution it starts."""
        machine = self._deployment.outputs["batch_workflow_arn"]
        return str(self._states.start_execution(stateMachineArn=machine, input=input_)["executionArn"])

    def end_of(self, execution: str) -> str:
        """Return how the execution ended."""
        return eventually(
            lambda: str(self._states.describe_execution(executionArn=execution)["status"]),
            lambda status: status != "RUNNING",
        )

    @contextmanager
    def consumer_off(self, part: str) -> Iterator[None]:
        """Switch off what runs the function for its queue or stream, and on again."""
        mapping = self._mapping(part)["UUID"]
        self._functions.update_event_source_mapping(UUID=mapping, Enabled=False)
        try:
            yield
        finally:
            self._functions.update_event_source_mapping(UUID=mapping, Enabled=True)

    @contextmanager
    def one_at_a_time(self, part: str) -> Iterator[None]:
        """Let a function that reserves no concurrency run once at a time."""
        name = self._name(part)
        self._functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
        try:
            yield
        finally:
            self._functions.delete_function_concurrency(FunctionName=name)

    @contextmanager
    def few_at_a_time(self, part: str) -> Iterator[None]:
        """Let the function's queue be worked off by as few runs as AWS lets it be."""
        mapping = self._mapping(part)
        self._functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": 2})
        try:
            yield
        finally:
            self._functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=mapping["ScalingConfig"])

    @contextmanager
    def visible_after(self, queue: str, *, seconds: int) -> Iterator[None]:
        """Let messages come back so soon that their consumer may still be at work on them."""
        url = self._queue(queue)
        before = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        try:
            yield
        finally:
            self._sqs.set_queue_attributes(QueueUrl=url, Attributes=before)

    def _mapping(self, part: str) -> Any:  # noqa: ANN401 - boto3's answer
        (mapping,) = self._functions.list_event_source_mappings(FunctionName=self._name(part))["EventSourceMappings"]
        return mapping

    def _name(self, part: str) -> str:
        return f"payments-{part}-{self._suffix}"

    def _queue(self, part: str) -> str:
        return str(self._deployment.outputs[f"{part}_queue_url"])
