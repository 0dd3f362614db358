"""What an ABP order and an MM hedge share: instruments, placement, reconciliation, settlement, guards."""
