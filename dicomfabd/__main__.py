"""`python -m dicomfabd` is the `dicomfabd` command."""

from dicomfabd.cli.main import main

main()
