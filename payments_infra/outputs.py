"""What a deployment tells those who work with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdktf import TerraformOutput

if TYPE_CHECKING:
    from payments_infra.stack import PaymentsStack


def tell_names(stack: PaymentsStack) -> None:
    """Add the outputs of ``stack``: names, addresses and ids, and no secret."""
    storage, channels = stack.storage, stack.channels
    for name, value in {
        "api_url": stack.intake.api.invoke_url,
        "api_key_id": stack.intake.api.key_id,
        "payments_table_name": storage.payments.name,
        "audit_table_name": storage.audit.name,
        "batches_table_name": storage.batches.name,
        "batch_bucket_name": storage.files.name,
        "processing_queue_url": channels.processing.url,
        "notification_queue_url": channels.notification.url,
        "processing_dead_letter_queue_url": channels.processing.dead_letters.url,
        "notification_dead_letter_queue_url": channels.notification.dead_letters.url,
        "dispatcher_dead_letter_queue_url": stack.outbox.undispatched.url,
        "auditor_dead_letter_queue_url": stack.outbox.unaudited.url,
        "uploads_dead_letter_queue_url": stack.batches.uploads.dead_letters.url,
        "customer_topic_arn": channels.customers.arn,
        "back_office_topic_arn": channels.back_office.arn,
        "alarm_topic_arn": stack.ground.alarms.arn,
        "payment_workflow_arn": stack.orchestration.workflow.arn,
        "batch_workflow_arn": stack.batches.workflow.arn,
        "vpc_id": stack.ground.network.vpc_id,
        "nat_public_ips": stack.ground.nat.public_ips,
        "webhook_secret_name": stack.webhook.secret.name if stack.webhook.secret else None,
        "gateway_secret_name": stack.gateway.secret.name if stack.gateway.secret else None,
        "gateway_ledger_table_name": stack.gateway.ledger.name if stack.gateway.ledger else None,
    }.items():
        if value is not None:
            TerraformOutput(stack, name, value=value).override_logical_id(name)
