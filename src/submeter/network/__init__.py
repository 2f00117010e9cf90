"""Where energy is supplied: sites, supply points, and what markets call them."""
