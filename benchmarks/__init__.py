"""What performance claims are made with: every figure beside a peer's, in one run."""
