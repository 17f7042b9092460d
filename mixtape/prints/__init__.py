"""Maps and pictures as sheets to hang."""
