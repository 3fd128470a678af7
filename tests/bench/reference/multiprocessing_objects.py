"""multiprocessing_objects.py WHAT PROCESSES COUNT: how often per second, with multiprocessing.

value: `with value.get_lock(): value.value += 1`; lock: acquire and release; by one process, then by
all at once, COUNT each.  queue: half of the processes put COUNT integers each, half get them.
pipe: round trips of 8 bytes between two.
"""
import json
import sys
import time
from multiprocessing import Barrier, Lock, Pipe, Process, Queue, SimpleQueue, Value


def increment(value, count):
    for _ in range(count):
        with value.get_lock():
            value.value += 1


def take(lock, count):
    for _ in range(count):
        lock.acquire()
        lock.release()


def produce(queue, count):
    for i in range(count):
        queue.put(i)


def consume(queue, count):
    for _ in range(count):
        queue.get()


def echo(end, count):
    for _ in range(count):
        end.send_bytes(end.recv_bytes())


def bounce(end, count):
    for _ in range(count):
        end.send_bytes(b"12345678")
        end.recv_bytes()


def timed(barrier, times, function, args):
    barrier.wait()
    start = time.monotonic()
    function(*args)
    times.put((start, time.monotonic()))


def rate(work, calls):
    """Every piece of work in a process of its own, from the first start to the last end."""
    barrier, times = Barrier(len(work)), SimpleQueue()
    processes = [Process(target=timed, args=(barrier, times, f, args)) for f, *args in work]
    for process in processes:
        process.start()
    starts, ends = zip(*(times.get() for _ in processes))
    for process in processes:
        process.join()
    return calls / (max(ends) - min(starts))


def contend(function, shared, processes, count):
    return {"one": rate([(function, shared, count)], count),
            "all": rate([(function, shared, count)] * processes, count * processes)}


def main():
    what, processes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if what == "value":
        found = contend(increment, Value("q", 0), processes, count)
    elif what == "lock":
        found = contend(take, Lock(), processes, count)
    elif what == "queue":
        queue, pairs = Queue(), processes // 2
        work = [(function, queue, count) for function in (produce, consume)]
        found = {"all": rate(work * pairs, count * pairs)}
    else:
        ends = Pipe()
        found = {"all": rate([(bounce, ends[0], count), (echo, ends[1], count)], count)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
