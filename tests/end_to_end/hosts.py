"""Several hosts on one machine, for tests of what crosses a network.

Each has a network, host name, mounts and /dev/shm of its own; files and processes are shared.  The
hosts hang on a bridge in a network namespace of its own, so the machine's network is not touched.
"""
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

NETWORK = "10.77.0"


class Hosts:
    """`with Hosts(3) as hosts:` gives h1, h2, h3; None of them stays."""

    def __init__(self, count):
        self.folder = Path(tempfile.mkdtemp(prefix="parmap-hosts-"))
        self.names = [f"h{i + 1}" for i in range(count)]
        self.keepers = {}

    @staticmethod
    def reason_against():
        """Why there can be no hosts here; None when there can."""
        missing = [tool for tool in ("unshare", "nsenter", "ip") if not shutil.which(tool)]
        if missing:
            return f"no {' and '.join(missing)}"
        trial = "ip link add trial0 type veth peer name trial1 && mount -t tmpfs none /mnt"
        done = subprocess.run(["unshare", "--net", "--uts", "--ipc", "--mount", "sh", "-c", trial],
                              stdin=subprocess.DEVNULL, capture_output=True)
        return None if done.returncode == 0 else "no right to make network namespaces"

    def __enter__(self):
        try:
            self.agent = self._write_agent()
            lines = ["127.0.0.1 localhost"]
            lines += [f"{NETWORK}.{i + 1} {name}" for i, name in enumerate(self.names)]
            (self.folder / "hosts").write_text("\n".join(lines) + "\n")
            self._keep("switch", ["--net"], "ip link add br0 type bridge; ip link set br0 up")
            for number, name in enumerate(self.names, 1):
                self._add(number, name)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for keeper in self.keepers.values():
            keeper.kill()
            keeper.wait(30)
            keeper.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def inside(self, name, *more, folder=None):
        """The command that runs another one on a host; `more` are further spaces to enter."""
        return ["nsenter", "-t", str(self.keepers[name].pid), "-n", "-u", "-i", "-m", *more,
                f"--wd={folder or os.getcwd()}", "--"]

    def launcher(self, mpi, mpiexec, ranks_each):
        """The command line of mpiexec, on the first host, for so many ranks on every host."""
        ranks = str(ranks_each * len(self.names))
        if mpi == "openmpi":
            slots = ",".join(f"{name}:{ranks_each}" for name in self.names)
            return [*self.inside(self.names[0]), mpiexec, "--mca", "plm_rsh_agent", self.agent,
                    "--host", slots, "-np", ranks]
        slots = ",".join(f"{name}:{ranks_each}" for name in self.names)
        return [*self.inside(self.names[0]), mpiexec, "-launcher", "ssh", "-launcher-exec",
                self.agent, "-hosts", slots, "-np", ranks]

    def _keep(self, name, spaces, setup):
        """A process that keeps namespaces alive, as long as this process lives; returns when they
        are set up."""
        ready = self.folder / f"{name}.ready"
        self.keepers[name] = subprocess.Popen(
            ["unshare", *spaces, "sh", "-ec", f"{setup}; touch {ready}; exec cat"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self.folder / f"{name}.pid").write_text(str(self.keepers[name].pid))
        end = time.monotonic() + 20
        while not ready.exists():
            if time.monotonic() > end or self.keepers[name].poll() is not None:
                raise RuntimeError(f"host {name} did not come up")
            time.sleep(0.01)

    def _add(self, number, name):
        self._keep(name, ["--net", "--uts", "--ipc", "--mount", "--propagation", "private"],
                   f"hostname {name}; mount -t tmpfs -o mode=1777 tmpfs /dev/shm; "
                   f"mount --bind {self.folder}/hosts /etc/hosts; ip link set lo up")
        switch, host = self.keepers["switch"].pid, self.keepers[name].pid
        on_switch = ["nsenter", "-t", str(switch), "-n", "ip"]
        on_host = ["nsenter", "-t", str(host), "-n", "ip"]
        for command in (
                [*on_switch, "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0",
                 "netns", str(host)],
                [*on_switch, "link", "set", f"v{number}", "master", "br0", "up"],
                [*on_host, "addr", "add", f"{NETWORK}.{number}/24", "dev", "eth0"],
                [*on_host, "link", "set", "eth0", "up"]):
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def _write_agent(self):
        """What mpiexec starts in place of ssh."""
        agent = self.folder / "agent"
        agent.write_text(f"""#!/bin/bash
while :; do case "$1" in -l|-p|-o|-i) shift 2;; -*) shift;; *) break;; esac; done
host=$1; shift
exec nsenter -t "$(cat {self.folder}/$host.pid)" -n -u -i -m --wd="$PWD" /bin/sh -c "$*"
""")
        agent.chmod(0o755)
        return str(agent)
