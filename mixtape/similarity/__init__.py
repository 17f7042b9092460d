"""How far songs are apart by sound, and which are nearest: for a table of all pairs, and for collections too large for one."""
