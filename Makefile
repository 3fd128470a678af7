# Short ways into the CMake build; `make help` lists them.  The work is done by tests/run.sh.
#
#   MPI=openmpi|mpich   one of them; else Open MPI if it is there, and both for the tests
#   PREFIX=/usr/local   where `make install` puts things
.DEFAULT_GOAL := build
export MPI PREFIX
PREFIX ?= /usr/local

.PHONY: build run test test-full fuzz bench install format clean help

build: ## build, and leave ./parmap, ./cubemap ... in this folder
	@tests/run.sh build

run: ## install what is missing, build, run cubemap on 8 ranks, show the result
	@tests/run.sh run

test: ## install what is missing, run the quick tests under Open MPI and MPICH
	@tests/run.sh test

test-full: ## all tests, and the quick ones with sanitizers and with Clang too
	@tests/run.sh test-full

fuzz: ## look for faults with random inputs, SECONDS=60 for each fuzzer
	@FUZZ_SECONDS=$(SECONDS) tests/run.sh fuzz

bench: ## measure; ARGS="..." goes to tests/bench/run.py
	@tests/run.sh bench $(ARGS)

install: ## install into PREFIX
	@tests/run.sh install

format: ## lay out all C files as .clang-format says
	find src jobs tests -name '*.[ch]' -exec clang-format-14 -i {} +

clean: ## remove the builds and the links to them
	rm -rf build
	find . -maxdepth 1 -type l -lname 'build/*' -delete

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
