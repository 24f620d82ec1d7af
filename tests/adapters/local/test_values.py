"""Values for a run (``--set``), and the example in the docs."""

import re
from pathlib import Path

import pytest

from adapters.errors import Rejected
from adapters.local.adapter import LocalAdapter
from adapters.local.markdown import parse
from tests.adapters.local.writes import new_marker, start_run, start_write

PAGE = Path(__file__).parents[3] / "docs" / "platforms" / "local.md"


def test_the_example_in_the_docs_has_no_problems() -> None:
    (example,) = re.findall(r"^````markdown\n(.*?)^````$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    parsed = parse(example, "x")
    assert (parsed.title, parsed.stages, parsed.problems) == ("Database failover", ("Triage", "Fail over"), ())
    assert [task.after for task in parsed.tasks] == [(), (), (0, 1), (2,)]
    assert parsed.tasks[0].assignees == ("ana",)
    assert "pg_isready -h db-1.internal -t 5" in parsed.tasks[0].instructions


async def test_values_fill_the_text_and_unknown_values_are_refused(local: LocalAdapter, folder: Path) -> None:
    (folder / "cert.md").write_text(
        "# Cert\n- [ ] Renew {{ host }}\n\n  For {{other}}, `{{host}}`:\n"
        "  ```\n  certbot {{host}} '{{.Names}}' <pod>\n  ```\n"
    )
    run = await start_run(local, "cert.md", options={"host": "www.example.org"})
    assert run.tasks[0].title == "Renew www.example.org"
    assert run.tasks[0].instructions == "For {{other}}, `{{host}}`:\n```\ncertbot {{host}} '{{.Names}}' <pod>\n```"
    with pytest.raises(Rejected) as refused:
        await local.execute(start_write("cert.md", options={"hots": "x"}), new_marker())
    assert refused.value.facts["known"] == "host, other"
    with pytest.raises(Rejected, match=r"local\.no_values"):
        await local.execute(start_write(options={"host": "x"}), new_marker())


DECLARED = """---
inputs:
  host: {title: Host name, pattern: 'db[0-9]'}
  zone: {options: [a, b], default: a}
---
# Failover of <host>

1. Stop {{host}} in ${zone}
   ```sh
   ssh {{ host }} stop ${HOME} {{.Names}} <pod> <host>
   ```
"""


async def test_declared_values_fill_titles_instructions_and_commands(local: LocalAdapter, folder: Path) -> None:
    (folder / "failover.md").write_text(DECLARED)
    run = await start_run(local, "failover.md", options={"host": "db1"})
    assert run.tasks[0].title == "Stop db1 in a"
    assert run.tasks[0].instructions == "```sh\nssh db1 stop ${HOME} {{.Names}} <pod> db1\n```"
    asked = {
        one.name: (one.title, one.default, one.options) for one in (await local.runbook("failover.md")).inputs
    }
    assert asked == {"host": ("Host name", "", ()), "zone": ("", "a", ("a", "b"))}


@pytest.mark.parametrize(
    ("options", "key"), [({"host": "db10"}, "local.not_as_pattern"), ({"zone": "c"}, "local.not_an_option")]
)
async def test_a_value_that_its_runbook_does_not_allow_is_refused(
    local: LocalAdapter, folder: Path, options: dict[str, str], key: str
) -> None:
    (folder / "failover.md").write_text(DECLARED)
    with pytest.raises(Rejected, match=key.replace(".", r"\.")):
        await local.execute(start_write("failover.md", options=options), new_marker())


async def test_a_pattern_that_takes_too_long_refuses_the_value(local: LocalAdapter, folder: Path) -> None:
    (folder / "failover.md").write_text(DECLARED.replace("db[0-9]", "(a|a)*(a|a)*$b"))
    with pytest.raises(Rejected, match=r"local\.not_as_pattern"):
        await local.execute(start_write("failover.md", options={"host": "a" * 40}), new_marker())


@pytest.mark.parametrize(
    "front_matter", ["inputs: [", "inputs: {'a b': {}}", "liaison: {steps: some}", "inputs: {a: {pattern: '('}}"]
)
async def test_front_matter_that_cannot_be_read_is_a_problem(
    local: LocalAdapter, folder: Path, front_matter: str
) -> None:
    (folder / "failover.md").write_text(f"---\n{front_matter}\n---\n- [ ] Look\n")
    with pytest.raises(Rejected, match=r"local\.front_matter"):
        await local.runbook("failover.md")
