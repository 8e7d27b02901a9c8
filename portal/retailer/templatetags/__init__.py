"""Template tags of the retailer's pages."""
