"""The retailer's pages, by subject."""
