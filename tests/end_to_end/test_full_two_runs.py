"""A lease of another machine that has fallen silent: it is watched for a minute."""
# TEST seconds=600 label=full
import errno
import unittest

from durable_testing import meeting
import test_two_runs

LOCKS = errno.ENOLCK


class Silent(test_two_runs.TwoRuns):
    def test_dead_on_another_machine(self):
        site, journal = self.killed("silent", locks=LOCKS)
        journal.change_lease(host=b"elsewhere")
        self.check_goes_on(site, 90, inside=meeting(locks=LOCKS))

    def test_lock_granted(self):
        """A network file system that has locks, of machines that may each have their own: a look
        of one beat is enough."""
        site, journal = self.killed("granted", file_system=test_two_runs.NFS)
        journal.change_lease(host=b"elsewhere")
        self.check_goes_on(site, 40, inside=meeting(file_system=test_two_runs.NFS))

    def test_killed_while_it_looked(self):
        """Its traces do not keep the next one out."""
        site, journal = self.killed("looked", locks=LOCKS)
        journal.change_lease(host=b"elsewhere")
        again = self.start(*site.args(), env=site.settings(), cwd=site.folder,
                           inside=meeting(locks=LOCKS))
        self.wait_until(lambda: "looking" in again.stderr_so_far(), "it looks", running=again)
        again.kill()
        self.check_goes_on(site, 240, inside=meeting(locks=LOCKS))
        self.assertEqual([p.name for p in site.folder.iterdir() if "taking" in p.name], [])


if __name__ == "__main__":
    unittest.main()
