"""The offline commands: each opens the library, calls one room, prints what a person wants to know."""
