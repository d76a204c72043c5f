"""Disclosure control: what may be published, and what is withheld so that it cannot be worked out."""
