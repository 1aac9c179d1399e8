#!/bin/bash
# Runs one test suite and keeps its result for the evidence page: suite.sh NAME COMMAND...
#
# In COMMAND %JUNIT% stands for the JUnit file that it has to write, build/results/NAME.xml. Beside
# it, NAME.tree keeps the hash of the sources before the run: a result is evidence about those only.
# The exit status is the command's.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
name=$1
shift
results=build/results
mkdir -p "$results"
rm -f "$results/$name.xml" "$results/$name.tree"
tree=$(/usr/bin/python3 -m evidence tree) || exit
"${@//%JUNIT%/$results/$name.xml}"
status=$?
printf '%s\n' "$tree" >"$results/$name.tree"
exit "$status"
