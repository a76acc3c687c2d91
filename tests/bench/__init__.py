"""Speed, as ratios within one run: `make bench`. No ordinary test run collects these."""
