"""The parts of an audit. Each reads its evidence, keeps it, reads it again and judges it; none knows another."""
