"""What deploy/ says is true of the project: files, settings, commands, users, names; and it has the shape its readers want.

No container is started: Docker and Kubernetes are not everywhere.  Compose's schema, Kubernetes' models, a linter and what is
known of Dagster's chart judge instead.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from click import Command
from click.testing import CliRunner
from dagster._cli import create_dagster_cli
from dagster._config import process_config
from dagster._daemon.cli import create_dagster_daemon_cli
from dagster_k8s import K8sRunLauncher
from dagster_k8s.job import UserDefinedDagsterK8sConfig
from dagster_k8s.models import k8s_snake_case_dict
from dagster_webserver.cli import dagster_webserver
from kubernetes import client

from market_pipeline.cli.app import app
from market_pipeline.settings import PROJECT_ROOT
from market_pipeline_tests.e2e.conftest import BIN, SETTINGS

DEPLOY = PROJECT_ROOT / "deploy"
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
VALUES = yaml.safe_load((DEPLOY / "helm/values.yaml").read_text())
INSTANCE = yaml.safe_load((DEPLOY / "helm/dagster.yaml").read_text())
MONITOR, MONITOR_SERVICE = yaml.safe_load_all((DEPLOY / "helm/monitor.yaml").read_text())
MONITOR_POD = MONITOR["spec"]["template"]["spec"]
OURS = {name: one for name, one in COMPOSE["services"].items() if name != "postgres"}
HOME = "/opt/market_pipeline"
PROGRAMS: dict[str, Command] = {
    "market-pipeline": typer.main.get_command(app),
    "dagster": create_dagster_cli(),
    "dagster-daemon": create_dagster_daemon_cli(),
    "dagster-webserver": dagster_webserver,
}
MODELS = {
    "livenessProbe": client.V1Probe,
    "readinessProbe": client.V1Probe,
    "startupProbe": client.V1Probe,
    "resources": client.V1ResourceRequirements,
    "securityContext": client.V1SecurityContext,
    "podSecurityContext": client.V1PodSecurityContext,
    "env": client.V1EnvVar,
    "volumes": client.V1Volume,
    "volumeMounts": client.V1VolumeMount,
}
POD = """image env envConfigMaps envSecrets labels annotations nodeSelector affinity tolerations podSecurityContext
    securityContext resources readinessProbe livenessProbe startupProbe schedulerName volumeMounts volumes"""
DEPLOYMENT = f"""{POD} checkDbReadyInitContainer deploymentLabels initContainerResources extraContainers logFormat
    extraPrependedInitContainers"""
CHART_KEYS = {
    "postgresql": """enabled image service postgresqlHost postgresqlUsername postgresqlPassword postgresqlDatabase
        postgresqlParams postgresqlScheme""",
    "dagster-user-deployments": "enabled enableSubchart imagePullSecrets deployments",
    "dagsterWebserver": f"""{DEPLOYMENT} replicaCount nameOverride pathPrefix service workspace enableReadOnly logLevel
        dbStatementTimeout dbPoolRecycle dbPoolMaxOverflow""",
    "dagsterDaemon": f"""{DEPLOYMENT} enabled runCoordinator heartbeatTolerance runMonitoring runRetries sensors schedules
        backfills""",
    "runLauncher": "type config",
}
USER_DEPLOYMENT_KEYS = f"""{POD} name port dagsterApiGrpcArgs codeServerArgs includeConfigInLaunchedRuns deploymentNamespace
    initContainers sidecarContainers"""
"""What the chart has a name for, in the parts that we set.  Its schema refuses other names in some of them, and in the rest
passes over what is misspelt."""


def image_settings() -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", DOCKERFILE.partition("\nENV ")[2].partition("\nUSER")[0]))


def found(key: str, inside: Any) -> Iterator[Any]:
    """Every value that has the key, however deep."""
    if isinstance(inside, dict):
        yield from (value for name, value in inside.items() if name == key)
    for value in inside.values() if isinstance(inside, dict) else inside if isinstance(inside, list) else ():
        yield from found(key, value)


def all_commands() -> Iterator[list[str]]:
    yield re.findall(r'"([^"]*)"', DOCKERFILE.rpartition("CMD ")[2])
    yield from (one["command"] for one in OURS.values() if "command" in one)
    yield from (one["healthcheck"]["test"][1:] for one in OURS.values())
    yield from found("command", VALUES)
    yield from found("command", MONITOR)
    for one in VALUES["dagster-user-deployments"]["deployments"]:  # as the chart puts it together
        yield ["dagster", "api", "grpc", "-h", "0.0.0.0", "-p", str(one["port"]), *one["dagsterApiGrpcArgs"]]
        yield ["dagster", "api", "grpc-health-check", "-p", str(one["port"])]


def test_the_linter_finds_nothing_wrong_with_the_dockerfile() -> None:
    done = subprocess.run([BIN / "hadolint", DEPLOY / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_image_copies_is_enough_to_build_the_package_with_its_command(tmp_path: Path) -> None:
    *sources, target = re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE)[0].split()
    folders = [line.split() for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE)[1:]]
    assert target == "./"
    for name in sources:
        shutil.copy(PROJECT_ROOT / name, tmp_path)
    for source, place in folders:
        shutil.copytree(PROJECT_ROOT / source, tmp_path / place, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", "dist"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as package:
        (entry_points,) = (name for name in package.namelist() if name.endswith("entry_points.txt"))
        assert "market-pipeline = market_pipeline.cli:main" in package.read(entry_points).decode()

    allowed = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert allowed == {*sources, *(source for source, _ in folders)}


def test_everything_runs_as_the_images_user_who_is_not_root() -> None:
    (user,) = re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE)
    assert int(user) > 0
    pods = [*found("podSecurityContext", VALUES), MONITOR_POD["securityContext"]]
    assert {pod["runAsUser"] for pod in pods} == {int(user)}
    run = INSTANCE["run_launcher"]["config"]["run_k8s_config"]["pod_spec_config"]["security_context"]
    assert run == {"run_as_non_root": True, "run_as_user": int(user)}


def test_compose_accepts_its_file() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_service_is_watched_and_started_again() -> None:
    assert set(OURS) == {"code", "webserver", "daemon", "monitor"}
    for one in COMPOSE["services"].values():
        assert one["healthcheck"]["test"]
        assert one["restart"] == "unless-stopped"
        waits = one.get("depends_on", {})
        assert all(condition == {"condition": "service_healthy"} for condition in waits.values())


def test_only_this_machine_reaches_what_is_published() -> None:
    published = [port for one in COMPOSE["services"].values() for port in one.get("ports", ())]
    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_services_find_each_other_by_their_names_and_ports() -> None:
    (location,) = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]
    server = location["grpc_server"]
    assert server["host"] in OURS
    assert ["--port", str(server["port"])] == re.findall(r'"([^"]*)"', DOCKERFILE.rpartition("CMD ")[2])[5:7]
    (deployment,) = VALUES["dagster-user-deployments"]["deployments"]
    (in_cluster,) = VALUES["dagsterWebserver"]["workspace"]["servers"]
    assert (in_cluster["host"], in_cluster["port"]) == (deployment["name"], deployment["port"])
    (checkout,) = yaml.safe_load((PROJECT_ROOT / "workspace.yaml").read_text())["load_from"]
    assert server["location_name"] == in_cluster["name"] == checkout["python_module"]["location_name"]


def test_every_variable_is_a_setting() -> None:
    given = {name for one in OURS.values() for name in one["environment"]} - {"TINI_KILL_PROCESS_GROUP"}
    given |= {one["name"] for one in MONITOR_POD["containers"][0]["env"]}
    given |= set(re.findall(r"^([A-Z_]+)=", (DEPLOY / ".env.example").read_text(), re.MULTILINE)) - {
        "POSTGRES_PASSWORD"
    }
    given |= set(image_settings()) - {"PATH", "PYTHONUNBUFFERED", "DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD"}
    assert given >= {"DATABASE_URL", "DAGSTER_URL", "MONITOR_TOKEN", "DATA_WORLD", "MARKET_PIPELINE_HOME"}
    assert not given - SETTINGS


@pytest.mark.parametrize("command", list(all_commands()), ids=" ".join)
def test_every_command_exists_with_its_options(command: list[str]) -> None:
    program, *words = command
    if program == "python":
        compile(words[1], "healthcheck", "exec")
        return
    done = CliRunner().invoke(PROGRAMS[program], [*words, "--help"])
    assert done.exit_code == 0, done.output


def test_secrets_come_from_a_secret_and_stand_nowhere() -> None:
    (name,) = {one["name"] for secrets in found("envSecrets", VALUES) for one in secrets}
    assert len(list(found("envSecrets", VALUES))) == 3
    assert INSTANCE["run_launcher"]["config"]["env_secrets"] == [name]
    assert MONITOR_POD["containers"][0]["envFrom"] == [{"secretRef": {"name": name}}]
    for file in DEPLOY.rglob("*"):
        if file.is_file():
            assert not re.search(r"(PASSWORD|TOKEN|KEY)=\w", file.read_text()), file


def test_the_home_is_the_same_everywhere() -> None:
    launcher = INSTANCE["run_launcher"]["config"]
    assert {image_settings()["DAGSTER_HOME"], image_settings()["MARKET_PIPELINE_HOME"]} == {HOME}
    assert launcher["dagster_home"] == HOME
    assert list(found("env", VALUES)) == [[{"name": "DAGSTER_HOME", "value": HOME}]] * 3
    instances = (VALUES["dagsterWebserver"], VALUES["dagsterDaemon"], MONITOR_POD | MONITOR_POD["containers"][0])
    for one in instances:
        (mount,) = one["volumeMounts"]
        (volume,) = one["volumes"]
        assert (mount["name"], mount["mountPath"]) == (volume["name"], f"{HOME}/dagster.yaml")
        assert volume["configMap"]["name"] == launcher["instance_config_map"]


def test_the_charts_own_instance_is_mounted_elsewhere_than_ours() -> None:
    # The chart mounts what it renders at global.dagsterHome; two mounts at one path are refused.
    assert VALUES.get("global", {}).get("dagsterHome", "/opt/dagster/dagster_home") != HOME


def test_runs_on_kubernetes_take_what_the_launcher_says_and_not_what_the_code_server_has() -> None:
    # The chart hands a server's account, resources and environment on to its runs, where they would win.
    for deployment in VALUES["dagster-user-deployments"]["deployments"]:
        assert deployment["includeConfigInLaunchedRuns"] == {"enabled": False}


def test_the_instance_on_kubernetes_differs_from_dagster_yaml_only_where_runs_and_their_output_go() -> None:
    here = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    elsewhere = {"run_launcher", "compute_logs", "local_artifact_storage"}
    assert {key: INSTANCE[key] for key in INSTANCE.keys() - elsewhere} == {
        key: here[key] for key in here.keys() - elsewhere
    }


def test_the_run_launcher_accepts_its_configuration() -> None:
    config = INSTANCE["run_launcher"]["config"]
    checked = process_config(K8sRunLauncher.config_type(), config)
    assert checked.success, checked.errors
    assert UserDefinedDagsterK8sConfig.from_dict(config["run_k8s_config"]).container_config["resources"]["limits"]


def test_the_chart_has_a_name_for_everything_that_its_values_set() -> None:
    assert set(VALUES) == set(CHART_KEYS)
    for part, keys in CHART_KEYS.items():
        assert set(VALUES[part]) <= set(keys.split()), part
    for deployment in VALUES["dagster-user-deployments"]["deployments"]:
        assert {"name", "image", "port"} <= set(deployment) <= set(USER_DEPLOYMENT_KEYS.split())
        # The schema asks for `enabled`, and beside a command the chart writes it into the pod, which has no such field.
        assert set(deployment["readinessProbe"]) & {"enabled", "exec"} == {"enabled"}
    for image in found("image", VALUES):
        assert set(image) == {"repository", "tag", "pullPolicy"}
    assert set(VALUES["dagsterWebserver"]["workspace"]) == {"enabled", "servers"}


def test_on_kubernetes_nobody_listens_where_only_root_may() -> None:
    webserver = VALUES["dagsterWebserver"]
    (deployment,) = VALUES["dagster-user-deployments"]["deployments"]
    (port,) = (one["containerPort"] for one in MONITOR_POD["containers"][0]["ports"])
    assert min(webserver["service"]["port"], deployment["port"], port) > 1023
    assert {one["httpGet"]["port"] for one in (webserver["readinessProbe"], webserver["livenessProbe"])} == {
        webserver["service"]["port"]
    }
    (url,) = (one["value"] for one in MONITOR_POD["containers"][0]["env"] if one["name"] == "DAGSTER_URL")
    assert url == f"http://dagster-dagster-webserver:{webserver['service']['port']}"


@pytest.mark.parametrize("key", MODELS)
def test_kubernetes_knows_every_field_of_the_values(key: str) -> None:
    for value in found(key, VALUES):
        for one in value if isinstance(value, list) else [value]:
            fields = {name: inner for name, inner in one.items() if name != "enabled"}  # the chart's own switch
            assert k8s_snake_case_dict(MODELS[key], fields)


def test_kubernetes_knows_every_field_of_the_monitors_manifest() -> None:
    assert k8s_snake_case_dict(client.V1Deployment, MONITOR)
    assert k8s_snake_case_dict(client.V1Service, MONITOR_SERVICE)
    labels = MONITOR["spec"]["template"]["metadata"]["labels"]
    assert MONITOR_SERVICE["spec"]["selector"] == labels == MONITOR["spec"]["selector"]["matchLabels"]
