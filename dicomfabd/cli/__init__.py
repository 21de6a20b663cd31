"""The `dicomfabd` command."""
