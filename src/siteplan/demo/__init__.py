"""An invented resettlement county of any size, for trying out, testing and measuring."""
