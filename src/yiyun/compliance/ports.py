"""Well-known ports: what speaks plain text, and what administers."""

PLAIN_TEXT = {
    21: "FTP",
    23: "telnet",
    80: "HTTP",
    512: "rexec",
    513: "rlogin",
    514: "rsh",
    8000: "HTTP",
    8080: "HTTP",
}
"""TCP ports whose protocol has no encryption of its own."""

ADMIN = {
    22: "SSH",
    23: "telnet",
    1433: "SQL Server",
    1521: "Oracle",
    2379: "etcd",
    2380: "etcd",
    2881: "OceanBase",
    3306: "MySQL",
    3389: "remote desktop",
    4000: "TiDB",
    5432: "PostgreSQL",
    5900: "VNC",
    6379: "Redis",
    6443: "Kubernetes API",
    9200: "Elasticsearch",
    10250: "kubelet",
    27017: "MongoDB",
}
"""Ports on which systems are administered or data are kept."""
