"""Measurements of the factory on real and generated repositories; not part of the installed package."""
