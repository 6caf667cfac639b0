"""How everything here is measured: checked first, then in turns."""
