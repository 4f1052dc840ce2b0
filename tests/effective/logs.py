"""Logs: where journald writes, what logrotate would do, whom the syslog daemon is connected to.

journald and rsyslog serve the machine and cannot run a second time for a test; logrotate and the collector's reading of
the drop-ins are recorded outputs with one part exchanged.
"""

from effective.case import Case, Side, exchanged, said

LOGS = said("logs")
RULE = "/var/log/syslog\n{\n  daily\n  rotate 190\n  maxage 190\n}\n"
ROTATED = " after 1 days (190 rotations)\n"
CONNECTED = '0      0      192.0.2.11:40122 192.0.2.20:6514 users:(("rsyslogd",pid=61,fd=9))\n'

CASES = [
    Case(
        "journal_on_disk",
        "journald Storage",
        "the journal is in memory only",
        # A drop-in stands above the file, and the journal of earlier days lies in /var/log/journal still.
        looks_right=Side(
            {
                "/etc/systemd/journald.conf": "[Journal]\nStorage=persistent\n",
                "/run/systemd/journald.conf.d/99-vendor.conf": "[Journal]\nStorage=volatile\n",
            },
            {
                "logs": exchanged(
                    exchanged(LOGS, "Storage=persistent\n", "Storage=persistent\nStorage=volatile\n"),
                    "\nkept\n",
                    "\nlost\n",
                )
            },
        ),
        looks_wrong=Side(
            {
                "/etc/systemd/journald.conf": "[Journal]\nStorage=volatile\n",
                "/etc/systemd/journald.conf.d/50-yiyun.conf": "[Journal]\nStorage=persistent\n",
            },
            {"logs": exchanged(LOGS, "Storage=persistent\n", "Storage=volatile\nStorage=persistent\n")},
        ),
    ),
    Case(
        "log_rotation",
        "how long the system's log is kept",
        "the system's log is kept for 28 days",
        # Another file that comes first has the same log; logrotate leaves the second one out.
        looks_right=Side(
            {
                "/etc/logrotate.d/rsyslog": RULE,
                "/etc/logrotate.d/application": RULE.replace("daily", "weekly").replace("190", "4"),
            },
            {"logs": exchanged(LOGS, ROTATED, " weekly (4 rotations)\n")},
        ),
        looks_wrong=Side(
            {"/etc/logrotate.d/rsyslog": RULE.replace("190", "4"), "/etc/logrotate.d/a-yiyun": RULE}, {"logs": LOGS}
        ),
    ),
    Case(
        "log_sent_away",
        "records reach another host",
        "no syslog daemon has a connection",
        # The file says where to, and nobody answers there.
        looks_right=Side(
            {"/etc/rsyslog.d/50-yiyun.conf": 'action(type="omfwd" target="192.0.2.20" port="6514" protocol="tcp")\n'},
            {"listening": said("listening")},
        ),
        looks_wrong=Side(
            {"/etc/rsyslog.d/50-yiyun.conf": None, "/etc/rsyslog.d/70-site.conf": "*.* @@192.0.2.20:6514\n"},
            {"listening": said("listening").rstrip("\n") + f"\n{CONNECTED}"},
        ),
    ),
]
