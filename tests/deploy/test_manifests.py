"""compose.yaml and the Kubernetes manifests match their published schemas, and agree with the image and Liaison.

No container and no cluster is involved.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from bot.app import SHUTDOWN_GRACE_SECONDS
from bot.config.settings import load, parse
from bot.server import web
from tests.deploy.test_dockerfile import arguments

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
COMPOSE = DEPLOY / "compose.yaml"
MANIFESTS = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "liaison.yaml").read_text()))
SECRET = "a-secret-of-more-than-thirty-two-characters"
KUBERNETES_VERSIONS = ("1.29", "1.37")


def manifest(kind: str) -> dict[str, Any]:
    [found] = [manifest for manifest in MANIFESTS if manifest["kind"] == kind]
    assert isinstance(found, dict)
    return found


def compose_service() -> dict[str, Any]:
    service: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())["services"]["liaison"]
    return service


def test_the_compose_file_matches_its_schema() -> None:
    check = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_sets_only_what_liaison_knows_and_reads_each_secret_from_its_file(tmp_path: Path) -> None:
    service = compose_service()
    for name in service["secrets"]:
        (tmp_path / name).write_text(SECRET)
    environ = {
        name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value).replace("/run/secrets", str(tmp_path))
        for name, value in service["environment"].items()
    }
    settings = parse({}, environ)
    assert settings.secret_values().count(SECRET) == len(service["secrets"])
    assert {"file": "secrets/secret-key"} in yaml.safe_load(COMPOSE.read_text())["secrets"].values()


def test_compose_runs_one_process_on_a_volume_and_lets_it_end() -> None:
    service = compose_service()
    assert "deploy" not in service
    assert service["volumes"] == ["data:/data"]
    assert arguments("VOLUME") == ["/data"]
    assert (COMPOSE.parent / service["build"]["context"] / service["build"]["dockerfile"]).exists()
    assert int(service["stop_grace_period"].removesuffix("s")) > SHUTDOWN_GRACE_SECONDS


@pytest.mark.parametrize("version", KUBERNETES_VERSIONS)
@pytest.mark.parametrize("kind", [manifest["kind"] for manifest in MANIFESTS])
def test_the_manifests_match_the_schemas_of_kubernetes(kind: str, version: str) -> None:
    kubernetes_validate.validate(manifest(kind), version, strict=True)


def test_kubernetes_never_runs_two_processes_on_the_database() -> None:
    spec = manifest("StatefulSet")["spec"]
    assert spec["replicas"] == 1
    assert spec["volumeClaimTemplates"][0]["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_everything_selects_the_pods() -> None:
    labels = manifest("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    assert manifest("StatefulSet")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    assert manifest("Service")["spec"]["selector"] == labels


def test_the_probes_ask_routes_that_exist() -> None:
    container = _container()
    served = {route for route in re.findall(r'Route\("(/\w+)"', Path(web.__file__).read_text())}
    paths = [container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")]
    assert paths == ["/healthz", "/healthz", "/readyz"]
    assert set(paths) <= served
    assert container["ports"] == [{"name": "http", "containerPort": int(arguments("EXPOSE")[0])}]
    assert manifest("StatefulSet")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > (
        SHUTDOWN_GRACE_SECONDS
    )


def test_one_chat_that_is_down_does_not_cut_off_the_others() -> None:
    assert manifest("Service")["spec"]["publishNotReadyAddresses"] is True


def test_the_settings_of_the_config_map_are_accepted_with_the_secrets_that_are_mounted(tmp_path: Path) -> None:
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in _container()["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]} | {"data"}
    text = manifest("ConfigMap")["data"]["liaison.toml"]
    wanted = set(re.findall(rf'"{mounts["secrets"]}/([\w-]+)"', text))
    first_line = (DEPLOY / "kubernetes" / "liaison.yaml").read_text().splitlines()[0]
    assert set(re.findall(r"--from-file=([\w-]+)", first_line)) == wanted
    for name in wanted:
        (tmp_path / name).write_text(SECRET)
    config = tmp_path / "liaison.toml"
    config.write_text(text.replace(mounts["secrets"], str(tmp_path)))
    environ = {variable["name"]: variable["value"] for variable in _container()["env"]}
    assert environ.pop("LIAISON_CONFIG") == f"{mounts['settings']}/liaison.toml"
    assert load(config, environ).secret_values().count(SECRET) == len(wanted)
    assert tomllib.loads(text)["bot"].keys() == {"public_url", "secret_key"}


def test_the_pod_runs_as_the_user_of_the_image_without_rights() -> None:
    pod = manifest("StatefulSet")["spec"]["template"]["spec"]
    assert str(pod["securityContext"]["runAsUser"]) == arguments("USER")[0]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert _container()["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["volumes"][1]["secret"]["defaultMode"] == 0o440


def _container() -> dict[str, Any]:
    [container] = manifest("StatefulSet")["spec"]["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container
