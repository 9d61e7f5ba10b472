"""The local AWS: real Terraform against an emulator on this machine, with no AWS account."""
