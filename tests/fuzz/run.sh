#!/bin/sh
# One fuzzer for the target `fuzz`: for FUZZ_SECONDS (60), from FUZZ_SEED (another one every time).
exec "$1" --seconds "${FUZZ_SECONDS:-60}" --seed "${FUZZ_SEED:-$(date +%s)}"
