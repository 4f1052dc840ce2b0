"""What an audit reads of a cluster: whole kinds from the API server, and their copy on disk."""
