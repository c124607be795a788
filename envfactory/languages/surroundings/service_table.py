"""The services that can be started in a container: packages, words of their clients, start scripts.

One entry per service, from its own manual.  Every one listens on the loopback address alone, lets
anybody in without a password check, keeps its data under ``/var/lib`` or ``/tmp`` and forgets it with
the container.  Nothing here decides whether a service is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from envfactory.languages.surroundings.service_use import Use

AS_USER = "setpriv --reuid={0} --regid={0} --init-groups"


@dataclass(frozen=True)
class Service:
    """How one service is recognised and started."""

    port: int
    said: str
    """Pattern of what its clients say when it does not answer."""
    packages: tuple[str, ...]
    start: Callable[[Use], str]
    """Shell lines that leave a daemon behind; run without input and output."""
    ready: Callable[[Use], str]
    """Shell command that succeeds once the service answers."""
    seconds: float = 20.0
    """How long to wait for that."""
    prepare: Callable[[Use], str] = lambda use: ""
    """Shell lines that are run once after that."""
    schemes: tuple[str, ...] = ()
    """Schemes of its addresses, without a driver's name after ``+``."""
    variables: str = r"(?!)"
    """Pattern of names of variables that are about it."""


def _redis(use: Use) -> str:
    run = "redis-server --daemonize yes --bind 127.0.0.1 -::1 --dir /tmp --save '' --appendonly no"
    return "\n".join(f"{run} --port {port}" for port in use.ports)


def _postgresql(use: Use) -> str:
    run = AS_USER.format("postgres")
    return f"""\
bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
data=/var/lib/postgresql/tests-{use.port}
install -d -o postgres -g postgres /run/postgresql "$data"
cd /
[ -s "$data/PG_VERSION" ] || \
{run} "$bin/initdb" -D "$data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync
{run} "$bin/pg_ctl" -D "$data" -W -l "$data/log" start -o "-F -p {use.port} \
-c listen_addresses=127.0.0.1 -c unix_socket_directories=/run/postgresql,/tmp \""""


def _postgresql_client(use: Use) -> str:
    return f"psql -X -q -h 127.0.0.1 -p {use.port} -U postgres -d postgres"


def _postgresql_names(use: Use) -> str:
    """The user of the tests is root: a role and a database of that name are what a client asks for first."""
    users = sorted({"root", *use.users} - {"postgres"})
    databases = sorted({"root", *use.users, *use.databases} - {"postgres", "template1"})
    lines = [f'CREATE ROLE "{user}" SUPERUSER LOGIN' for user in users]
    lines += [f'CREATE DATABASE "{name}"' for name in databases]
    return _postgresql_client(use) + "".join(f" -c '{line}'" for line in lines)


def _mysql(use: Use) -> str:
    """Without grant tables any user and any password are accepted, as CI services are set up to do."""
    databases = sorted({"test", *use.databases})
    names = "".join(f"CREATE DATABASE IF NOT EXISTS `{name}`;\\n" for name in databases)
    return f"""\
install -d -o mysql -g mysql /run/mysqld
[ -d /var/lib/mysql/mysql ] || mariadb-install-db --user=mysql --datadir=/var/lib/mysql --skip-test-db
printf '{names}' > /tmp/mysql-databases.sql
chmod 644 /tmp/mysql-databases.sql
{AS_USER.format("mysql")} mariadbd --datadir=/var/lib/mysql --skip-grant-tables --bind-address=127.0.0.1 \
--port={use.port} --socket=/run/mysqld/mysqld.sock --pid-file=/run/mysqld/mysqld.pid \
--innodb-flush-log-at-trx-commit=0 --init-file=/tmp/mysql-databases.sql &"""


def _memcached(use: Use) -> str:
    return f"memcached -d -u nobody -l 127.0.0.1 -p {use.port}"


RABBIT = "RABBITMQ_NODENAME=rabbit@localhost"


def _rabbitmq(use: Use) -> str:
    run = f"HOME=/var/lib/rabbitmq {RABBIT} RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT={use.port}"
    return f"""\
install -d -o rabbitmq -g rabbitmq /var/log/rabbitmq /var/lib/rabbitmq
cd /var/lib/rabbitmq
env {run} {AS_USER.format("rabbitmq")} /usr/lib/rabbitmq/bin/rabbitmq-server &"""


def _answers(use: Use) -> str:
    return f"bash -c ': < /dev/tcp/127.0.0.1/{use.port}'"


SERVICES: dict[str, Service] = {
    "redis": Service(
        port=6379,
        said=r"redis\S*(?:ConnectionError|TimeoutError)|Error (?:111|-2|-3|-5|99) connecting to",
        packages=("redis-server",),
        start=_redis,
        ready=lambda use: " && ".join(f'[ "$(redis-cli -p {port} ping)" = PONG ]' for port in use.ports),
        schemes=("redis",),
        variables=r".*REDIS.*",
    ),
    "postgresql": Service(
        port=5432,
        said=r"psycopg\w*\.OperationalError|asyncpg\.\w+|pg8000\.\w+|could not connect to server|\.s\.PGSQL\."
        r"|connection to server (?:at|on)|(?:role|database) \"[\w.-]+\" does not exist"
        r"|could not translate host name|postgres\S* .*(?:refused|not running|not available)",
        packages=("postgresql",),
        start=_postgresql,
        ready=lambda use: _postgresql_client(use) + " -c 'SELECT 1'",
        prepare=_postgresql_names,
        schemes=("postgres", "postgresql", "postgis", "pgsql"),
        variables=r"PG[A-Z]+|.*POSTGRES.*|.*DATABASE.*|DB_\w+|.*_DB",
    ),
    "mysql": Service(
        port=3306,
        said=r"Can't connect to (?:MySQL|MariaDB|local)|Unknown database '[\w.-]+'|mysqld?\.sock"
        r"|Access denied for user|Unknown MySQL server host",
        packages=("mariadb-server",),
        start=_mysql,
        ready=lambda use: f"mariadb-admin -h 127.0.0.1 -P {use.port} --protocol=tcp ping",
        schemes=("mysql", "mariadb"),
        variables=r".*MYSQL.*|.*MARIADB.*|.*DATABASE.*|DB_\w+|.*_DB",
    ),
    "memcached": Service(
        port=11211,
        said=r"pymemcache\.\S+|pylibmc\S*Error|memcached? .*(?:refused|not running|not available)",
        packages=("memcached",),
        start=_memcached,
        ready=_answers,
        schemes=("memcache", "memcached"),
        variables=r".*MEMCACHED?.*",
    ),
    "rabbitmq": Service(
        port=5672,
        said=r"amqp\S*Error|pika\.exceptions|AMQPConnectionError|kombu\.exceptions\.OperationalError|aio_?pika\.\w+",
        packages=("rabbitmq-server",),
        start=_rabbitmq,
        ready=lambda use: f"{_answers(use)} && {RABBIT} rabbitmqctl -n rabbit@localhost -q await_startup",
        seconds=60.0,
        schemes=("amqp", "amqps", "pyamqp", "rabbitmq"),
        variables=r".*RABBIT.*|.*AMQP.*|.*BROKER.*",
    ),
}
"""Name (as maintainers' declarations are normalised to) -> entry."""

UNAVAILABLE: dict[str, tuple[int, str]] = {
    "mongodb": (27017, r"pymongo\.errors|ServerSelectionTimeoutError|mongoengine\S*ConnectionFailure"),
    "elasticsearch": (9200, r"elastic(?:search|_transport)\S*(?:ConnectionError|ConnectionTimeout)"),
    "kafka": (9092, r"NoBrokersAvailable|KafkaConnectionError|aiokafka\.\w+|Broker transport failure"),
    "cassandra": (9042, r"cassandra\S*NoHostAvailable"),
    "sqlserver": (1433, r"ODBC Driver \d+ for SQL Server"),
    "oracle": (1521, r"ORA-12\d\d\d|DPY-6005"),
    "neo4j": (7687, r"neo4j\S*ServiceUnavailable"),
    "nats": (4222, r"nats\S*NoServersError"),
    "ldap": (389, r"ldap\S*SERVER_DOWN"),
    "docker": (2375, r"Cannot connect to the Docker daemon|docker\S*DockerException|/docker\.sock"),
}
"""Services that the distribution does not bring, or that no container of ours may run: (port, pattern)."""


def entry(name: str) -> Service:
    """The entry of ``name``; raises ``KeyError`` for one that cannot be started."""
    return SERVICES[name]


CLIENTS = {name: re.compile(item.said, re.IGNORECASE) for name, item in SERVICES.items()} | {
    name: re.compile(pattern, re.IGNORECASE) for name, (_, pattern) in UNAVAILABLE.items()
}
PORTS = {item.port: name for name, item in SERVICES.items()} | {
    port: name for name, (port, _) in UNAVAILABLE.items()
}
