"""`python -m local_aws`, which is what `scripts/local` runs."""

from local_aws.cli import main

main(prog_name="scripts/local")
