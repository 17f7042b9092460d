"""Songs as points and on grids."""
