"""The embedded servers: private, and nothing lost when they are killed."""

import shutil
import stat
from pathlib import Path

import psycopg
import pytest

from portal.embedded.places import LONGEST_SOCKET_PATH
from portal.embedded.postgres_server import EmbeddedPostgres
from portal.embedded.redis_server import EmbeddedRedis


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_redis_is_private_and_evicts_nothing(reachable_dir: Path) -> None:
    with EmbeddedRedis(reachable_dir) as server, server.client() as client:
        assert mode(server.data_dir) == 0o700
        assert mode(server.socket) == 0o600
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}
        assert client.config_get("port") == {"port": "0"}


def test_redis_keeps_what_it_held_through_kill_9(reachable_dir: Path) -> None:
    with EmbeddedRedis(reachable_dir) as server:
        server.client().rpush("queue", "1", "2")
        server.kill()
        assert not server.ready()
        server.start()
        assert server.client().lrange("queue", 0, -1) == [b"1", b"2"]


def test_a_deep_state_directory_still_gets_a_socket(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / ("deep" * 30)) as server:
        assert len(str(server.socket)) <= LONGEST_SOCKET_PATH
        assert mode(server.socket.parent) == 0o700
        assert server.ready()
    shutil.rmtree(server.socket.parent)


@pytest.mark.postgres
def test_postgres_listens_on_its_private_socket_only(postgres_server: EmbeddedPostgres) -> None:
    assert mode(postgres_server.root_dir) == 0o700
    with psycopg.connect(postgres_server.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        available = connection.execute(
            "SELECT 1 FROM pg_available_extensions WHERE name = 'vector'"
        ).fetchone()
        assert available == (1,)


@pytest.mark.postgres
@pytest.mark.chaos
def test_postgres_keeps_what_was_committed_through_kill_9(reachable_dir: Path) -> None:
    with EmbeddedPostgres(reachable_dir, durable=False) as server:
        url = server.create_database("evidence")
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        server.kill()
        assert not server.ready()
        server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_postgres_says_so_where_its_account_cannot_reach_the_data(tmp_path: Path) -> None:
    if (tmp_path.parent.stat().st_mode & 0o001) or tmp_path.owner() != "root":
        pytest.skip("only root has to become another account for PostgreSQL")
    with pytest.raises(ValueError, match="the account nobody cannot reach"):
        EmbeddedPostgres(tmp_path)
