"""Directories whose content is listed, and whose list is signed: bundles and audits.

Depends on nothing but errors and paths.
"""
