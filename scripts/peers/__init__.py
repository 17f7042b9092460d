"""Networks that learn pictures, side by side: each behind the same three names, so that one loop trains and judges them."""
