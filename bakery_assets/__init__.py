"""What the system is: see docs/architecture.md."""
