"""Communities: the units that rules apply to, given or formed from settlement sites by the thresholds."""
