"""The job files of docs/jobs: they are read, and JAX's own detection finds in them what docs/scale.md says."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.targets.xla.test_launch import command, ended, files, parameters, started  # noqa: F401
from wengert.train.meeting import free_port

JOBS = Path(__file__).parents[3] / "docs" / "jobs"
SCRIPTS = sorted(JOBS.glob("*.sh"))


def trained(words: list[str]) -> dict[str, object]:
    """The options of the `wengert train` among the words of a command."""
    from typer.main import get_command

    from wengert.cli import app

    after = words[words.index("wengert") + 1 :]
    end = next((k for k, word in enumerate(after) if word in ("||", "&&", ";")), len(after))
    assert after[0] == "train"
    command = get_command(app)
    return command.commands["train"].make_context("train", after[1:end]).params  # type: ignore[attr-defined]


def words(file: Path) -> list[str]:
    lines = file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    return shlex.split(next(line for line in lines if "wengert train" in line))


def devices(options: dict[str, object]) -> int:
    from wengert.targets.mesh import mesh_in

    return mesh_in(str(options["mesh"])).count


@pytest.mark.without_jax
@pytest.mark.parametrize("file", SCRIPTS, ids=[file.name for file in SCRIPTS])
def test_a_script_is_one_and_its_command_is_read(file):
    assert subprocess.run(["bash", "-n", str(file)], check=False).returncode == 0
    options = trained(words(file))
    assert options["distributed"]
    assert options["backend"] == "xla"
    assert options["checkpoints"] is not None


def test_under_slurm_there_is_one_process_a_gpu(monkeypatch):
    from jax._src.clusters.slurm_cluster import SlurmCluster

    text = (JOBS / "slurm.sh").read_text(encoding="utf-8")
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)$", text, re.MULTILINE))
    nodes, each = int(asked["nodes"]), int(asked["ntasks-per-node"])
    assert int(asked["gpus-per-node"]) == each
    assert devices(trained(words(JOBS / "slurm.sh"))) == nodes * each
    found = []
    for rank in range(nodes * each):  # as srun counts: node by node
        for name, value in {
            "SLURM_JOB_ID": "4711",
            "SLURM_STEP_NODELIST": f"node[01-{nodes:02}]",
            "SLURM_NTASKS": str(nodes * each),
            "SLURM_PROCID": str(rank),
            "SLURM_LOCALID": str(rank % each),
        }.items():
            monkeypatch.setenv(name, value)
        assert SlurmCluster.is_env_present()
        assert SlurmCluster.get_process_count() == nodes * each
        assert SlurmCluster.get_coordinator_address(60, None).startswith("node01:")
        assert SlurmCluster.get_process_id() == rank
        found.append((rank // each, SlurmCluster.get_local_process_id()))
    assert len(set(found)) == nodes * each, "two processes would take one GPU"


@pytest.mark.parametrize(
    ("given", "method"),
    [
        ({"OMPI_COMM_WORLD_RANK": "1", "OMPI_MCA_orte_hnp_uri": "4096.0;tcp://10.0.0.1:3000"}, None),
        ({"OMPI_COMM_WORLD_RANK": "1", "PMIX_RANK": "1"}, "mpi4py"),
        ({"PMI_RANK": "1"}, "mpi4py"),
        ({"PMI_RANK": "1", "SLURM_PROCID": "1"}, None),
        ({}, None),
    ],
)
def test_an_mpi_that_jax_does_not_know_is_asked_by_mpi4py(monkeypatch, given, method):
    from wengert.targets.xla import hosts

    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "OMPI_MCA_orte_hnp_uri", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    asked = []

    def initialize(*args, **options):
        asked.append((args, options["cluster_detection_method"]))

    monkeypatch.setattr(hosts, "find_spec", lambda name: name)
    monkeypatch.setattr(hosts.jax.distributed, "initialize", initialize)
    monkeypatch.setattr(hosts.jax.config, "update", lambda name, value: None)
    hosts.join(None, None, None, 60)
    assert asked == [((None, None, None), method)]


def test_open_mpi_4_says_who_a_process_is(monkeypatch):
    from jax._src.clusters.ompi_cluster import OmpiCluster

    count, hosts = re.search(r"-n (\d+) --host \S*:-(\S+)}", (JOBS / "mpi.sh").read_text(encoding="utf-8")).groups()
    assert sum(int(host.split(":")[1]) for host in hosts.split(",")) == int(count)
    assert devices(trained(words(JOBS / "mpi.sh"))) == int(count)
    monkeypatch.setenv("OMPI_MCA_orte_hnp_uri", "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", count)
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "5")
    assert OmpiCluster.get_coordinator_address(60, None).startswith("10.96.0.1:")
    assert (OmpiCluster.get_process_count(), OmpiCluster.get_process_id()) == (int(count), 5)


def kubernetes() -> dict[str, dict]:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    return {each["kind"]: each for each in yaml.safe_load_all((JOBS / "kubernetes.yaml").read_text(encoding="utf-8"))}


class Cluster:
    """What the interface of Kubernetes answers about the objects of the file, where the account of the pod may ask."""

    def __init__(self, kinds: dict[str, dict]) -> None:
        self.kinds, self.job = kinds, kinds["Job"]
        self.template = self.job["spec"]["template"]["spec"]

    def _may(self, group: str, resource: str, verb: str) -> None:
        binding, role = self.kinds["RoleBinding"], self.kinds["Role"]
        assert self.template["serviceAccountName"] in [s["name"] for s in binding["subjects"]]
        assert binding["roleRef"]["name"] == role["metadata"]["name"]
        rules = [r for r in role["rules"] if group in r["apiGroups"] and resource in r["resources"]]
        assert any(verb in rule["verbs"] for rule in rules), (resource, verb)

    def list_namespaced_pod(self, namespace, field_selector):
        self._may("", "pods", "list")
        name = self.job["metadata"]["name"]
        owner = SimpleNamespace(kind="Job", controller=True)
        metadata = SimpleNamespace(name=f"{name}-0-abc", labels={"job-name": name}, owner_references=[owner])
        pod = SimpleNamespace(metadata=metadata, spec=SimpleNamespace(subdomain=self.template.get("subdomain")))
        return SimpleNamespace(items=[pod])

    def read_namespaced_job(self, name, namespace):
        self._may("batch", "jobs", "get")
        assert name == self.job["metadata"]["name"]
        return SimpleNamespace(
            metadata=SimpleNamespace(name=name, labels={}),
            spec=SimpleNamespace(parallelism=self.job["spec"]["parallelism"]),
        )


def test_on_kubernetes_a_pod_finds_its_job_its_number_and_the_first_pod(monkeypatch):
    from jax._src.clusters.k8s_cluster import K8sCluster

    kinds = kubernetes()
    cluster = Cluster(kinds)
    service, spec = kinds["Service"], cluster.job["spec"]
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["selector"] == {"job-name": cluster.job["metadata"]["name"]}
    assert spec["completions"] == spec["parallelism"]
    assert spec["completionMode"] == "Indexed"

    class Refused(Exception):
        pass

    class Pod(K8sCluster):  # the real detection, with an interface of ours
        _core_api, _batch_api, _ApiException = cluster, cluster, Refused

    monkeypatch.setattr(Pod, "_namespace", classmethod(lambda cls: "default"))
    monkeypatch.setenv("HOSTNAME", "localhost")
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "3")
    assert Pod.get_coordinator_address(None, None).startswith(f"wengert-0.{service['metadata']['name']}:")
    assert (Pod.get_process_count(), Pod.get_process_id()) == (spec["parallelism"], 3)


def test_on_kubernetes_the_mesh_has_the_devices_of_all_pods():
    cluster = Cluster(kubernetes())
    (container,) = cluster.template["containers"]
    options = trained(container["command"])
    gpus = int(container["resources"]["limits"]["nvidia.com/gpu"])
    assert devices(options) == gpus * cluster.job["spec"]["parallelism"]
    assert options["distributed"]
    claimed = {each["name"] for each in cluster.template["volumes"]}
    assert {each["name"] for each in container["volumeMounts"]} == claimed


def slurm(files: Path, rank: int, port: int, *more: str) -> subprocess.Popen[str]:  # noqa: F811
    """A process as `srun` starts it."""
    env = {
        "SLURM_JOB_ID": "1",
        "SLURM_STEP_NODELIST": "127.0.0.1",
        "SLURM_NTASKS": "2",
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank),
        "JAX_COORDINATOR_PORT": str(port),
    }
    return started([*command(files, out=f"slurm{rank}", epochs=4), "--distributed", *more], env=env)


def test_two_processes_under_slurm_find_each_other_and_train_as_one(files):  # noqa: F811
    port = free_port()
    ranks = [slurm(files, rank, port) for rank in (0, 1)]
    for rank in ranks:
        ended(rank)
    ended(started(command(files, out="one", mesh=None, epochs=4)))
    one, two = parameters(files / "one"), parameters(files / "slurm0")
    for name, array in one.items():
        assert abs(array - two[name]).max() <= 1e-12 * abs(array).max()
    assert not (files / "slurm1").exists()


def test_processes_under_slurm_that_mean_other_trainings_are_refused(files):  # noqa: F811
    port = free_port()
    ranks = [slurm(files, 0, port), slurm(files, 1, port, "--seed", "7")]
    for k, rank in enumerate(ranks):
        said = ended(rank, 2)
        lines = [line for line in said.splitlines() if not line.startswith(("[Gloo]", "W", "I", "E"))]
        assert lines[0] == "The ranks have other versions, options or equations."
        assert lines[1].startswith(f"  rank {k}: ")
        assert lines[2] == "Give all ranks the same program, options and equations."


def test_without_a_scheduler_the_processes_do_not_come_together(files):  # noqa: F811
    said = ended(started([*command(files, out="none"), "--distributed"]), 2)
    assert said.splitlines()[-3] == "The processes did not come together."
