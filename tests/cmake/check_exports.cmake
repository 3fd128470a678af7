# Checks that the shared library shows the functions that the public headers tag PARMAP_API, all of
# them and nothing else: no pm_ name, and none by which it would take the place of another library's
# function in a program, of the mathematical or OpenMP's for one.
cmake_minimum_required(VERSION 3.20)

set(library "${BUILD}/lib/libparmap.so")
execute_process(
    COMMAND nm -D --defined-only --format=posix "${library}"
    OUTPUT_VARIABLE symbols
    COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
list(TRANSFORM symbols REPLACE " .*" "")

set(declared)
file(GLOB headers "${SOURCE}/src/include/*.h")
foreach(header IN LISTS headers)
    file(READ "${header}" text)
    string(REGEX MATCHALL "PARMAP_API [^(;]*[ *]parmap_[a-z0-9_]+\\(" functions "${text}")
    list(TRANSFORM functions REPLACE ".*[ *](parmap_[a-z0-9_]+)\\($" "\\1")
    list(APPEND declared ${functions})
endforeach()
if(NOT declared)
    message(FATAL_ERROR "no function is tagged PARMAP_API in ${SOURCE}/src/include")
endif()

set(extra ${symbols})
list(REMOVE_ITEM extra ${declared})
set(missing ${declared})
list(REMOVE_ITEM missing ${symbols})
if(extra)
    list(JOIN extra "\n  " extra)
    message(SEND_ERROR "${library} shows what no public header declares:\n  ${extra}\n")
endif()
if(missing)
    list(JOIN missing "\n  " missing)
    message(SEND_ERROR "${library} lacks what the public headers declare:\n  ${missing}\n")
endif()
list(LENGTH declared count)
message("${count} functions")
