"""Day-2 operations on hosts: first contact, plan, converge."""
