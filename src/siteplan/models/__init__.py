"""Models: arrays in, arrays and a proof out. No geography; the only room that imports PuLP and HiGHS."""
