"""Databases of a site, each by its engine."""

from yiyun.components.oceanbase import OceanBase
from yiyun.components.postgresql import PostgreSQL
from yiyun.components.stack import open_site
from yiyun.components.tidb import TiDB

ENGINES = {"oceanbase": OceanBase, "postgresql": PostgreSQL, "tidb": TiDB}

site = open_site()
for database in site.spec.databases:
    ENGINES[database.engine](database.name, site, database)
