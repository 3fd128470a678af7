"""A Slurm of one's own on this machine: munged, slurmctld, and one slurmd on each of several hosts.

The hosts are those of hosts.py, so no port, folder or name is shared with another lab or with a
Slurm of the machine.  All daemons, and the jobs they start, live in one PID namespace, which the
kernel empties when its first process ends; that one ends with this process, however this one ends.
"""
import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from hosts import Hosts

TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scontrol", "scancel")
PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"  # where the daemons are
OVER = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL"}

CONFIGURATION = """\
ClusterName=lab
SlurmctldHost={first}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# a job that is requeued starts again after cred_expire + 1 seconds, by default after 121
AuthInfo=socket={folder}/munge/socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
# without %n, steps on two nodes trip over each other's files of pmix
TmpFS={folder}/tmp/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/log/slurmctld
SlurmdLogFile={folder}/log/slurmd-%n
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0
# nodes have the CPUs that stand here, whatever the machine has
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobRequeue=1
KillWait={kill_wait_s}
SlurmctldTimeout=60
SlurmdTimeout={slurmd_timeout_s}
MinJobAge=3600
PropagateResourceLimits=NONE
NodeName={nodes} CPUs={cpus} State=UNKNOWN
PartitionName=lab Nodes={nodes} Default=YES MaxTime=12:00:00 State=UP
"""


class SlurmLab:
    """`with SlurmLab(2, 4) as lab:` gives h1 and h2 with four CPUs each, in the partition lab."""

    def __init__(self, nodes, cpus, kill_wait_s=5, slurmd_timeout_s=60):
        self.hosts = Hosts(nodes)
        self.nodes = self.hosts.names
        self.folder = Path(tempfile.mkdtemp(prefix="parmap-slurm-", dir="/var/tmp"))
        self.settings = {"cpus": cpus, "kill_wait_s": kill_wait_s,
                         "slurmd_timeout_s": slurmd_timeout_s}
        self.first_process = None

    @staticmethod
    def reason_against():
        """Why no Slurm can be started here; None when one can."""
        missing = [tool for tool in TOOLS if not shutil.which(tool, path=PATH)]
        if missing:
            return f"no {', '.join(missing)}: install slurmctld, slurmd, slurm-client and munge"
        if os.geteuid() != 0:
            return "only root can start a Slurm of one's own"
        return Hosts.reason_against()

    # ---- up and down ---------------------------------------------------------------------------

    def __enter__(self):
        # SIGTERM, too, leaves by way of close()
        atexit.register(self.close)
        self._before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            self.hosts.__enter__()
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends all daemons and jobs, and makes sure of it.  May be called again."""
        atexit.unregister(self.close)
        signal.signal(signal.SIGTERM, self._before)
        left = []
        if self.first_process:
            space = os.readlink(self._space())
            self.first_process.stdin.close()
            self.first_process.wait(60)
            self.first_process = None
            left = processes_in(space)
        self.hosts.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if left:
            raise RuntimeError(f"processes of the Slurm lab are left: {left}")

    def _start(self):
        for name in ("state", "log", "munge"):
            (self.folder / name).mkdir()
        for name in self.nodes:
            self._clear_disk(name)
        (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
            first=self.nodes[0], nodes=",".join(self.nodes), folder=self.folder, **self.settings))
        self._open_space()
        for name in self.nodes:  # ps, and slurmd's list of a job's processes, read /proc
            self.run("mount", "-t", "proc", "proc", "/proc", node=name)
        self._start_munged()
        self.run("slurmctld")
        for name in self.nodes:
            self.start_node(name)
        self.wait_until(lambda: self._idle() == len(self.nodes), "the nodes are idle")

    def _open_space(self):
        """The PID namespace.  Its first process reaps what others leave: SIGCHLD is ignored."""
        ready = self.folder / "ready"
        self.first_process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "bash", "-c",
             f"trap '' CHLD; touch {ready}; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_until(ready.exists, "the PID namespace is there")

    def _space(self):
        """The PID namespace's file in /proc."""
        return f"/proc/{self.first_process.pid}/ns/pid_for_children"

    def _start_munged(self):
        folder = self.folder / "munge"
        folder.chmod(0o711)
        (folder / "key").touch(0o600)
        (folder / "key").write_bytes(os.urandom(128))
        self.run("munged", "--force", f"--key-file={folder}/key", f"--socket={folder}/socket",
                 f"--pid-file={folder}/pid", f"--log-file={folder}/log",
                 f"--seed-file={folder}/seed", "--num-threads=4")

    def _clear_disk(self, name):
        """The folders of a node's own, empty."""
        for folder in ("spool", "tmp"):
            shutil.rmtree(self.folder / folder / name, ignore_errors=True)
            (self.folder / folder / name).mkdir(parents=True)

    def start_node(self, name):
        self.run("slurmd", "-N", name, node=name)

    def kill_node(self, name):
        """slurmd and all that it started dies, and its disk is lost.  Not for the first node, where
        slurmctld runs."""
        for pid in processes_on(self.hosts.keepers[name].pid, self._space()):
            os.kill(pid, signal.SIGKILL)
        self._clear_disk(name)

    def _idle(self):
        done = self.run("sinfo", "-h", "-N", "-t", "idle", "-o", "%N", check=False)
        return len(set(done.stdout.split()))

    # ---- commands ------------------------------------------------------------------------------

    def environment(self):
        """What commands and jobs get besides what the caller gives."""
        return {"PATH": PATH, "SLURM_CONF": str(self.folder / "slurm.conf"),
                "TMPDIR": str(self.folder / "tmp"),
                "OMPI_MCA_orte_tmpdir_base": str(self.folder / "tmp")}

    def run(self, *command, node=None, env=None, folder="/", check=True, timeout=60):
        """Runs a command on a node, by default the first, and returns subprocess's result."""
        line = self.hosts.inside(node or self.nodes[0], f"--pid={self._space()}", folder=folder)
        done = subprocess.run([*line, *map(str, command)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout,
                              env={**(os.environ if env is None else env), **self.environment()})
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, command))}: code {done.returncode}\n"
                               f"{done.stdout}{done.stderr}")
        return done

    def sbatch(self, *args, env, folder):
        """Submits, and returns the job's number."""
        return int(self.run("sbatch", "--parsable", *args, env=env, folder=folder).stdout)

    def job(self, number):
        """What `scontrol show job` says of a job, or of one task of an array ("12_3")."""
        text = self.run("scontrol", "-o", "show", "job", number).stdout
        return dict(re.findall(r"(\S+?)=(\S*)", text.splitlines()[0]))

    def state(self, number):
        return self.job(number)["JobState"]

    def wait(self, number, timeout=60):
        """Waits for a job's end, and returns its state."""
        self.wait_until(lambda: self.state(number) in OVER, f"job {number} is over", timeout)
        return self.state(number)

    def wait_until(self, condition, what, timeout=60):
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited {timeout} s until {what}\n{self.logs()}")
            time.sleep(0.1)

    def logs(self):
        """The last lines of the daemons' logs and what is in the queue."""
        queue = self.run("squeue", "-a", "-t", "all", check=False).stdout
        lines = ["--- squeue", queue]
        for path in sorted((self.folder / "log").glob("*")):
            lines += [f"--- {path.name}", *path.read_text(errors="replace").splitlines()[-12:]]
        return "\n".join(lines)


# ---- processes by namespace --------------------------------------------------------------------


def _in_space(kind, link):
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                if os.readlink(f"/proc/{entry}/ns/{kind}") == link:
                    yield int(entry)
            except OSError:
                pass  # it has ended meanwhile


def processes_in(space):
    """The pids in a PID namespace, as they are out here."""
    return list(_in_space("pid", space))


def processes_on(keeper, space):
    """The pids on a host that belong to a PID namespace."""
    there = set(_in_space("uts", os.readlink(f"/proc/{keeper}/ns/uts")))
    return sorted(there & set(processes_in(os.readlink(space))))
