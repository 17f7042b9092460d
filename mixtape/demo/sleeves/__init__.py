"""Record sleeves drawn by numbers: the tools of the print shop, and one painter for each style of music."""
