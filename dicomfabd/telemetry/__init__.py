"""How the daemon tells what it did: logs, metrics, health."""
