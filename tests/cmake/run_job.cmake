# cmake -DEXPECT=<lines> -P run_job.cmake -- <command>...: runs the command and fails unless it ends
# with status 0 and its output has each expected line once.  ParmapJobTest.cmake says how these
# lines look.
cmake_minimum_required(VERSION 3.20)

# The command, everything behind the "--".
set(command)
set(found OFF)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
    if(found)
        list(APPEND command "${CMAKE_ARGV${i}}")
    elseif(CMAKE_ARGV${i} STREQUAL "--")
        set(found ON)
    endif()
endforeach()

# expand(<result> <text>): the lines that a text with braces stands for.
function(expand result text)
    if(NOT text MATCHES "^([^{]*){([^}]*)}(.*)$")
        set(${result} "${text}" PARENT_SCOPE)
        return()
    endif()
    set(before "${CMAKE_MATCH_1}")
    set(inside "${CMAKE_MATCH_2}")
    set(after "${CMAKE_MATCH_3}")
    if(inside MATCHES "^([0-9]+)\\.\\.([0-9]+)$")
        set(choices)
        foreach(number RANGE ${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
            list(APPEND choices ${number})
        endforeach()
    else()
        string(REPLACE "," ";" choices "${inside}")
    endif()
    set(lines)
    foreach(choice IN LISTS choices)
        expand(rest "${before}${choice}${after}")
        list(APPEND lines "${rest}")
    endforeach()
    set(${result} "${lines}" PARENT_SCOPE)
endfunction()

execute_process(
    COMMAND ${command}
    OUTPUT_VARIABLE output
    ECHO_OUTPUT_VARIABLE
    RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "exit status: ${status}")
endif()

# Each line gets a line end on both sides, so that matches of neighbours do not overlap.
string(REPLACE "\r" "" output "${output}")
string(REGEX REPLACE "[ \t]+" " " output "${output}")
string(REGEX REPLACE " *\n *" "\n\n" output "\n${output}\n")

string(REPLACE "\n" ";" expectations "${EXPECT}")
set(offenders)
foreach(expectation IN LISTS expectations)
    expand(lines "${expectation}")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "([][+.()^$?|\\\\])" "\\\\\\1" pattern "${line}")
        string(REPLACE "*" "[^\n]*" pattern "${pattern}")
        # the line ends are counted, not the lines: brackets in a line would confuse a list
        string(REGEX REPLACE "\n${pattern}\n" "\r" marked "${output}")
        string(REGEX MATCHALL "\r" matches "${marked}")
        list(LENGTH matches count)
        if(NOT count EQUAL 1)
            string(APPEND offenders "\n  ${line}    (${count} times)")
        endif()
    endforeach()
endforeach()
if(offenders)
    message(FATAL_ERROR "lines that the output does not have exactly once:${offenders}\n")
endif()
