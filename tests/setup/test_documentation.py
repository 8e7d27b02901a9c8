"""docs/operations.md names every setting, every command of ./run, and nothing that is not there."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
OPERATIONS = (REPOSITORY / "docs" / "operations.md").read_text()
SETTINGS = (REPOSITORY / "portal" / "settings.py").read_text()


def section(title: str) -> str:
    return OPERATIONS.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_every_setting_is_in_the_table_and_nothing_else() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', SETTINGS))
    documented = set(re.findall(r"^\| `([A-Z0-9_]+)` \|", section("Settings"), flags=re.MULTILINE))
    assert read
    assert documented == read


def test_every_command_of_run_is_in_the_table() -> None:
    offered = set(re.findall(r"^    ([a-z]+)\) ", (REPOSITORY / "run").read_text(), flags=re.MULTILINE))
    documented = set(re.findall(r"^\| `\./run ([a-z]+)", section("Commands"), flags=re.MULTILINE))
    assert {"setup", "demo", "test", "lint", "bench"} <= offered
    assert documented == offered


def test_the_example_environment_holds_every_variable_the_compose_file_asks_for() -> None:
    compose = (REPOSITORY / "docker" / "compose.yaml").read_text()
    example = (REPOSITORY / "docker" / ".env.example").read_text()
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", compose))
    offered = set(re.findall(r"^([A-Z0-9_]+)=", example, flags=re.MULTILINE))
    assert asked <= offered
    assert {"SECRET_KEY", "VAULT_KEYS"} <= offered
