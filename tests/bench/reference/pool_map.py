"""pool_map.py N: Pool().map(cube, range(N)), as every multiprocessing tutorial has it."""
import sys
from multiprocessing import Pool


def cube(x):
    return x * x * x


if __name__ == "__main__":
    with Pool() as pool:
        pool.map(cube, range(int(sys.argv[1])))
