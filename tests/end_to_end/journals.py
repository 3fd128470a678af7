"""The journal of a run as docs/format.md draws it, to look into and to damage."""
import os
import struct
from pathlib import Path

from parmap_testing import xxhash

COPY, SLOT, LEASE = 4096, 16, 3072
EMPTY, WRITTEN, SYNCED, DOUBTED = range(4)
HEADER = struct.Struct("<16s4IQ")  # magic, format, header bytes, slot bytes, node, check
HEAD = struct.Struct("<1216s7qQ2qQ")
HEAD_NAMES = ("identity", "blocks", "block_items", "offset", "bytes", "statuses_offset",
              "statuses_bytes", "length", "fingerprint", "inode", "session", "boot")
SLOTS = struct.Struct("<IBBHQ")  # check, state, flags, session, hash
LEASES = struct.Struct("<Q64s32s2Q4q104s")


class Journal:
    """One file FILE.journal-K.  Everything is read when it is asked for."""

    def __init__(self, path):
        self.path = Path(path)

    def read(self, at, count):
        with open(self.path, "rb") as file:
            return os.pread(file.fileno(), count, at)

    def write(self, at, data):
        with open(self.path, "r+b") as file:
            os.pwrite(file.fileno(), data, at)

    # ---- the header ----

    def head(self, copy=0):
        """Its fields as a list, or None where that copy does not check."""
        page = self.read(copy * COPY, HEADER.size + HEAD.size)
        if len(page) < HEADER.size + HEAD.size:
            return None
        *_, check = HEADER.unpack_from(page)
        data = page[HEADER.size:]
        return list(HEAD.unpack(data)) if xxhash(data, 0) == check else None

    def change_head(self, **fields):
        """Rewrites both copies with other values."""
        head = self.head()
        for name, value in fields.items():
            head[HEAD_NAMES.index(name)] = value
        data = HEAD.pack(*head)
        for copy in (0, 1):
            start = HEADER.unpack(self.read(copy * COPY, HEADER.size))
            self.write(copy * COPY, HEADER.pack(*start[:-1], xxhash(data, 0)) + data)

    @property
    def blocks(self):
        return self.head()[1]

    # ---- the slots ----

    def seed(self):
        identity = self.head()[0].rstrip(b"\0")
        return xxhash(identity, 0)

    def slots(self):
        """(state, session, hash) of each block; the state is None where a slot does not check."""
        data, seed = self.read(2 * COPY, self.blocks * SLOT), self.seed()
        found = []
        for block in range(len(data) // SLOT):
            slot = data[block * SLOT:(block + 1) * SLOT]
            check, state, _, session, value = SLOTS.unpack(slot)
            good = check == xxhash(slot[4:], seed + block) & 0xFFFFFFFF
            found.append((state if good or slot == bytes(SLOT) else None, session, value))
        return found

    def of_state(self, state):
        """The blocks whose slot is in this state."""
        return {block for block, slot in enumerate(self.slots()) if slot[0] == state}

    def read_slot(self, block):
        return self.read(2 * COPY + block * SLOT, SLOT)

    def write_slot(self, block, data):
        self.write(2 * COPY + block * SLOT, data)

    # ---- the lease ----

    LEASE_FIELDS = ("host", "job", "boot", "process_space", "pid", "started", "beat", "seconds",
                    "reserved")

    def lease(self):
        values = LEASES.unpack(self.read(LEASE, LEASES.size))
        return dict(zip(self.LEASE_FIELDS, values[1:]))

    def change_lease(self, **fields):
        lease = {**self.lease(), **fields}
        data = LEASES.pack(0, *(lease[name] for name in self.LEASE_FIELDS))[8:]
        self.write(LEASE, struct.pack("<Q", xxhash(data, 0)) + data)
