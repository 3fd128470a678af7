# Checks every #include of src and jobs: includes go down the floors only, and each outside library
# has one door.  Run as a test; fails with the list of offenders.
#
#   jobs                      <parmap.h>, headers of standard C and POSIX, libraries of their own
#   app                       map, share, work, store, formula, heap, comm, base
#   pool, map                 work, store, share (pool only), heap, comm, base
#   share | work | store      heap, comm, base; blind to each other
#   formula                   base
#   heap                      comm, base
#   comm                      base
#   base                      itself
#   pages                     app, formula, base; a program of the build
#   include                   itself: the public headers
cmake_minimum_required(VERSION 3.20)

set(sees_app app pool map share work store formula heap comm base)
set(sees_pool pool share work store heap comm base)
set(sees_map map work store heap comm base)
set(sees_share share heap comm base)
set(sees_work work heap comm base)
set(sees_store store heap comm base)
set(sees_formula formula base)
set(sees_heap heap comm base)
set(sees_comm comm base)
set(sees_base base)
set(sees_pages pages app formula base)
set(sees_include include)

# outside header -> the floors, or files, that may include it
set(doors
    "^mpi\\.h$=comm"
    "^(hdf5|hdf5_hl|H5.*)\\.h$=store"
    "^dlfcn\\.h$=src/work/module.c"
    "^xxh(ash|3|_x86dispatch)\\.h$=base"
    "^ini\\.h$=base"
    "^libdeflate\\.h$=store"
    "^omp\\.h$=comm,map")

string(JOIN "|" standard_c
    assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign
    stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar
    wchar wctype)
string(JOIN "|" posix arpa/inet netinet/in sys/socket unistd)

# job -> the header of its library
set(library_of_io_bound "curl/curl")

set(offenders)
set(count 0)

function(check_src file floor header quoted)
    set(why)
    if(NOT DEFINED sees_${floor})
        set(why "${floor} is no floor; give it a line in tests/cmake/check_includes.cmake")
    elseif(header MATCHES "^parmap(_[a-z]+)?\\.h$")
        # the public headers are for everybody
    elseif(floor STREQUAL include AND NOT (header MATCHES "^(${standard_c})\\.h$" AND NOT quoted))
        set(why "public headers include standard C and each other only")
    elseif(quoted AND NOT header STREQUAL build_info.h)
        if(NOT header MATCHES "^([a-z]+)/[^/]+\\.h$")
            set(why "write \"floor/name.h\"")
        elseif(NOT CMAKE_MATCH_1 IN_LIST sees_${floor})
            set(why "${floor} does not see ${CMAKE_MATCH_1}")
        endif()
    elseif(NOT quoted)
        foreach(door IN LISTS doors)
            string(REGEX MATCH "^(.*)=(.*)$" unused "${door}")
            string(REPLACE "," ";" floors "${CMAKE_MATCH_2}")
            if(header MATCHES "${CMAKE_MATCH_1}" AND NOT floor IN_LIST floors
               AND NOT file IN_LIST floors)
                list(JOIN floors " and " floors)
                set(why "only ${floors} may include it")
            endif()
        endforeach()
    endif()
    if(why)
        set(offenders "${offenders}\n  ${file}: ${header}: ${why}" PARENT_SCOPE)
    endif()
endfunction()

file(GLOB_RECURSE files RELATIVE "${SOURCE}" "${SOURCE}/src/*.[ch]" "${SOURCE}/jobs/*.[ch]")
foreach(file IN LISTS files)
    math(EXPR count "${count} + 1")
    file(STRINGS "${SOURCE}/${file}" lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line IN LISTS lines)
        if(NOT line MATCHES "include[ \t]*([<\"])([^>\"]+)[>\"]")
            continue()
        endif()
        string(COMPARE EQUAL "${CMAKE_MATCH_1}" "\"" quoted)
        set(header "${CMAKE_MATCH_2}")
        if(file MATCHES "^src/([^/]+)/")
            check_src("${file}" "${CMAKE_MATCH_1}" "${header}" ${quoted})
            continue()
        endif()
        get_filename_component(job "${file}" NAME_WE)
        if(quoted OR NOT header MATCHES "^(parmap|${standard_c}|${posix}|${library_of_${job}})\\.h$")
            string(APPEND offenders "\n  ${file}: ${header}: jobs see <parmap.h>, standard C and POSIX")
        endif()
    endforeach()
endforeach()

if(count EQUAL 0)
    message(FATAL_ERROR "no sources found in ${SOURCE}")
endif()
if(offenders)
    message(FATAL_ERROR "includes that break the order of the floors:${offenders}\n")
endif()
message("${count} files")
