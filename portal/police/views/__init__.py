"""Views of the police side, a module a subject."""
