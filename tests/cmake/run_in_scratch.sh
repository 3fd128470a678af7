#!/bin/sh
# run_in_scratch.sh FOLDER COMMAND...: runs a test in an empty folder.  exec, so that ctest's time
# limit reaches the command itself.
set -eu
folder=$1
shift
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
exec "$@"
