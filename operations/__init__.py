"""What operators do by command: look after dead letters, verify the audit trail, settle reviews."""
