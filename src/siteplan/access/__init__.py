"""Access: the sparse origin-destination cost matrix, by the street network or by a stated detour factor."""
