"""What hosts really are: one read of a host in one SSH round trip, judged against what its roles promise."""
