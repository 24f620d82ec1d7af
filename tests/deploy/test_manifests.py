"""compose.yaml and the Kubernetes manifests match their published schemas, and agree with the image and Liaison.

No container and no cluster is involved.
"""

import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot.app import SHUTDOWN_GRACE_SECONDS, Application
from bot.config.settings import load, parse
from bot.server import web
from tests.deploy.test_dockerfile import arguments

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
COMPOSE_FILES = (DEPLOY / "compose.yaml", DEPLOY / "compose.sqlite.yaml")
REPLICAS, SINGLE = DEPLOY / "kubernetes" / "liaison.yaml", DEPLOY / "kubernetes" / "liaison-sqlite.yaml"
WORKLOADS = {REPLICAS: "Deployment", SINGLE: "StatefulSet"}
URL = "postgresql://liaison:a-password@postgresql/liaison"
SECRET = "a-secret-of-more-than-thirty-two-characters"
KUBERNETES_VERSIONS = ("1.29", "1.37")


def manifests(file: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(file.read_text()))


def manifest(file: Path, kind: str) -> dict[str, Any]:
    [found] = [manifest for manifest in manifests(file) if manifest["kind"] == kind]
    return found


def workload(file: Path) -> dict[str, Any]:
    spec: dict[str, Any] = manifest(file, WORKLOADS[file])["spec"]
    return spec


def compose_service(file: Path) -> dict[str, Any]:
    service: dict[str, Any] = yaml.safe_load(file.read_text())["services"]["liaison"]
    return service


def write_secrets(folder: Path, names: Iterable[str]) -> int:
    """Returns how many of them are secret as a whole."""
    for name in names:
        (folder / name).write_text(URL if name == "database-url" else SECRET)
    return sum(name != "database-url" for name in names)


every_compose_file = pytest.mark.parametrize("file", COMPOSE_FILES, ids=lambda file: file.name)
every_manifest = pytest.mark.parametrize("file", WORKLOADS, ids=lambda file: file.name)


@every_compose_file
def test_the_compose_file_matches_its_schema(file: Path) -> None:
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file))
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@every_compose_file
def test_compose_sets_only_what_liaison_knows_and_reads_each_secret_from_its_file(
    file: Path, tmp_path: Path
) -> None:
    service = compose_service(file)
    secrets = write_secrets(tmp_path, service["secrets"])
    environ = {
        name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value).replace("/run/secrets", str(tmp_path))
        for name, value in service["environment"].items()
    }
    settings = parse({}, environ)
    assert settings.secret_values().count(SECRET) == secrets
    assert settings.bot.has_replicas == ("database-url" in service["secrets"])
    assert {"file": "secrets/secret-key"} in yaml.safe_load(file.read_text())["secrets"].values()


@every_compose_file
def test_compose_builds_the_image_and_lets_it_end(file: Path) -> None:
    service = compose_service(file)
    assert (file.parent / service["build"]["context"] / service["build"]["dockerfile"]).exists()
    assert int(service["stop_grace_period"].removesuffix("s")) > SHUTDOWN_GRACE_SECONDS


def test_compose_runs_two_replicas_on_ports_of_their_own_and_none_with_sqlite() -> None:
    many, single = map(compose_service, COMPOSE_FILES)
    assert many["deploy"]["replicas"] == 2
    first, last = re.findall(r":(\d+)-(\d+):", many["ports"][0])[0]
    assert int(last) - int(first) + 1 == many["deploy"]["replicas"]
    assert "/data:uid=10001,mode=0700" in many["tmpfs"]  # for the lock and the socket, in the image's folder
    assert "deploy" not in single
    assert single["volumes"] == ["data:/data"]
    assert arguments("VOLUME") == arguments("WORKDIR")[-1:] == ["/data"]


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
@pytest.mark.parametrize(
    ("file", "kind"), [(file, found["kind"]) for file in WORKLOADS for found in manifests(file)]
)
def test_the_manifests_match_the_schemas_of_kubernetes(file: Path, kind: str, version: str) -> None:
    kubernetes_validate.validate(manifest(file, kind), version, strict=True)


def test_kubernetes_never_runs_two_processes_on_a_sqlite_database() -> None:
    spec = workload(SINGLE)
    assert spec["replicas"] == 1
    assert spec["volumeClaimTemplates"][0]["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_kubernetes_replaces_replicas_one_by_one_and_keeps_one_running() -> None:
    spec = workload(REPLICAS)
    assert spec["replicas"] == 2
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
    assert manifest(REPLICAS, "PodDisruptionBudget")["spec"]["minAvailable"] == 1


@every_manifest
def test_everything_selects_the_pods(file: Path) -> None:
    labels = workload(file)["template"]["metadata"]["labels"]
    assert workload(file)["selector"]["matchLabels"] == labels
    assert manifest(file, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert manifest(file, "Service")["spec"]["selector"] == labels


@every_manifest
def test_the_probes_ask_routes_that_exist(file: Path) -> None:
    container = _container(file)
    served = {route for route in re.findall(r'Route\("(/\w+)"', Path(web.__file__).read_text())}
    paths = [container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")]
    assert [path.partition("?")[0] for path in paths] == ["/healthz", "/healthz", "/readyz"]
    assert {path.partition("?")[0] for path in paths} <= served
    assert container["ports"] == [{"name": "http", "containerPort": int(arguments("EXPOSE")[0])}]
    assert workload(file)["template"]["spec"]["terminationGracePeriodSeconds"] > SHUTDOWN_GRACE_SECONDS


def test_one_chat_that_is_down_does_not_cut_off_the_others() -> None:
    assert manifest(SINGLE, "Service")["spec"]["publishNotReadyAddresses"] is True
    path = _container(REPLICAS)["readinessProbe"]["httpGet"]["path"]
    assert path == "/readyz?only=database,engine"
    assert {"database", "engine"} <= set(re.findall(r'"(\w+)": self', inspect.getsource(Application.readiness)))


@every_manifest
def test_the_settings_of_the_config_map_are_accepted_with_the_secrets_that_are_mounted(
    file: Path, tmp_path: Path
) -> None:
    spec = workload(file)
    pod = spec["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in _container(file)["volumeMounts"]}
    claims = {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", ())}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]} | claims
    text = manifest(file, "ConfigMap")["data"]["liaison.toml"]
    wanted = set(re.findall(rf'"{mounts["secrets"]}/([\w-]+)"', text))
    first_line = file.read_text().splitlines()[0]
    assert set(re.findall(r"--from-file=([\w-]+)", first_line)) == wanted
    secrets = write_secrets(tmp_path, wanted)
    config = tmp_path / "liaison.toml"
    config.write_text(text.replace(mounts["secrets"], str(tmp_path)))
    environ = {variable["name"]: variable["value"] for variable in _container(file)["env"]}
    assert environ.pop("LIAISON_CONFIG") == f"{mounts['settings']}/liaison.toml"
    assert load(config, environ).secret_values().count(SECRET) == secrets
    assert tomllib.loads(text)["bot"].keys() - {"database_url"} == {"public_url", "secret_key"}


@every_manifest
def test_the_pod_runs_as_the_user_of_the_image_without_rights(file: Path) -> None:
    pod = workload(file)["template"]["spec"]
    assert str(pod["securityContext"]["runAsUser"]) == arguments("USER")[0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert _container(file)["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["volumes"][1]["secret"]["defaultMode"] == 0o440


def _container(file: Path) -> dict[str, Any]:
    [container] = workload(file)["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container
