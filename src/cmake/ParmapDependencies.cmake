# Finds MPI, OpenMP, HDF5, xxHash, inih and libdeflate.  What is missing is told all at once, with the
# names of the packages; what is there but does not fit together is refused in words.
#
# Gives MPI::MPI_C, OpenMP::OpenMP_C, the targets parmap_hdf5, parmap_xxhash, parmap_inih and
# parmap_libdeflate, and PARMAP_MPI_FLAVOUR (openmpi or mpich).
include(CheckCSourceCompiles)
include(CMakePushCheckState)
find_package(PkgConfig QUIET)

set(missing_names)
set(missing_debian)
set(missing_fedora)
macro(parmap_missing name debian fedora)
    list(APPEND missing_names "${name}")
    list(APPEND missing_debian ${debian})
    list(APPEND missing_fedora ${fedora})
endmacro()
if(NOT PKG_CONFIG_FOUND)
    parmap_missing("pkg-config" pkg-config pkgconf-pkg-config)
endif()

# A library that only pkg-config knows; the target `target` stands for it, found or not.
macro(parmap_find_by_pkg_config target module name debian fedora)
    add_library(${target} INTERFACE IMPORTED)
    if(PKG_CONFIG_FOUND)
        pkg_check_modules(${module} QUIET IMPORTED_TARGET ${module})
    endif()
    if(TARGET PkgConfig::${module})
        target_link_libraries(${target} INTERFACE PkgConfig::${module})
    else()
        parmap_missing("${name}" "${debian}" "${fedora}")
    endif()
endmacro()

# ---- MPI ----------------------------------------------------------------------------------------
# Debian and its kin install both libraries side by side, as mpicc.openmpi and mpicc.mpich.
if(NOT PARMAP_MPI MATCHES "^(any|openmpi|mpich)$")
    message(FATAL_ERROR "PARMAP_MPI is \"${PARMAP_MPI}\"; it can be any, openmpi or mpich")
endif()
if(NOT PARMAP_MPI STREQUAL any)
    find_program(PARMAP_MPICC NAMES mpicc.${PARMAP_MPI})
    mark_as_advanced(PARMAP_MPICC)
    if(PARMAP_MPICC)
        set(MPI_EXECUTABLE_SUFFIX .${PARMAP_MPI})
    endif()
endif()
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI QUIET COMPONENTS C)

# Which of the two families an mpi.h belongs to; relatives of MPICH (Intel, MVAPICH, Cray) count as
# MPICH.
function(parmap_mpi_flavour result)
    cmake_push_check_state(RESET)
    set(CMAKE_REQUIRED_LIBRARIES MPI::MPI_C)
    set(CMAKE_REQUIRED_QUIET ON)
    check_c_source_compiles("#include <mpi.h>
        #ifndef OMPI_MAJOR_VERSION
        #error another one
        #endif
        int main(void) { return 0; }" PARMAP_MPI_IS_OPENMPI)
    check_c_source_compiles("#include <mpi.h>
        #ifndef MPICH_VERSION
        #error another one
        #endif
        int main(void) { return 0; }" PARMAP_MPI_IS_MPICH)
    cmake_pop_check_state()
    if(PARMAP_MPI_IS_OPENMPI)
        set(${result} openmpi PARENT_SCOPE)
    elseif(PARMAP_MPI_IS_MPICH)
        set(${result} mpich PARENT_SCOPE)
    else()
        set(${result} unknown PARENT_SCOPE)
    endif()
endfunction()

# The launcher must belong to the library, or every process would believe itself to be alone.
function(parmap_launcher_flavour result)
    execute_process(
        COMMAND ${MPIEXEC_EXECUTABLE} --version
        OUTPUT_VARIABLE text
        ERROR_VARIABLE text
        RESULT_VARIABLE status)
    if(text MATCHES "Open MPI|OpenRTE|PRRTE|OPENMPI")
        set(${result} openmpi PARENT_SCOPE)
    elseif(text MATCHES "HYDRA|MPICH|Intel\\(R\\) MPI|mvapich|MVAPICH")
        set(${result} mpich PARENT_SCOPE)
    else() # srun, aprun and others start both
        set(${result} unknown PARENT_SCOPE)
    endif()
endfunction()

if(MPI_C_FOUND)
    # Some packages pass their own link-time optimisation on through mpicc; it is not for us.
    foreach(property INTERFACE_COMPILE_OPTIONS INTERFACE_LINK_OPTIONS)
        get_target_property(options MPI::MPI_C ${property})
        if(options)
            string(REGEX REPLACE "-f(fat-)?lto[^; >]*(objects)?" "" options "${options}")
            set_target_properties(MPI::MPI_C PROPERTIES ${property} "${options}")
        endif()
    endforeach()

    parmap_mpi_flavour(PARMAP_MPI_FLAVOUR)
    parmap_launcher_flavour(launcher_flavour)
    if(NOT PARMAP_MPI STREQUAL any AND NOT PARMAP_MPI STREQUAL PARMAP_MPI_FLAVOUR)
        message(FATAL_ERROR "PARMAP_MPI is ${PARMAP_MPI}, but the MPI that was found "
            "(${MPI_C_HEADER_DIR}) is ${PARMAP_MPI_FLAVOUR}; load the module of ${PARMAP_MPI}, "
            "set MPI_HOME to where it is installed, or use -DPARMAP_MPI=any")
    endif()
    if(NOT launcher_flavour MATCHES "^(unknown|${PARMAP_MPI_FLAVOUR})$"
       AND NOT PARMAP_MPI_FLAVOUR STREQUAL unknown)
        message(FATAL_ERROR "the MPI library is ${PARMAP_MPI_FLAVOUR}, but its launcher "
            "${MPIEXEC_EXECUTABLE} is of ${launcher_flavour}; set -DMPIEXEC_EXECUTABLE")
    endif()
    message(STATUS "MPI: ${PARMAP_MPI_FLAVOUR}, started by ${MPIEXEC_EXECUTABLE}")
elseif(PARMAP_MPI STREQUAL mpich)
    parmap_missing("MPI (MPICH)" "mpich;libmpich-dev" mpich-devel)
else()
    parmap_missing("MPI (Open MPI)" "openmpi-bin;libopenmpi-dev" openmpi-devel)
endif()

# ---- OpenMP, xxHash, inih, libdeflate -----------------------------------------------------------
find_package(OpenMP QUIET COMPONENTS C)
if(NOT OpenMP_C_FOUND)
    if(CMAKE_C_COMPILER_ID MATCHES Clang)
        parmap_missing("OpenMP" libomp-dev libomp-devel)
    else()
        parmap_missing("OpenMP" libgomp1 libgomp)
    endif()
endif()
parmap_find_by_pkg_config(parmap_xxhash libxxhash "xxHash" libxxhash-dev xxhash-devel)
parmap_find_by_pkg_config(parmap_inih inih "inih" libinih-dev inih-devel)
parmap_find_by_pkg_config(parmap_libdeflate libdeflate "libdeflate" libdeflate-dev libdeflate-devel)

# ---- HDF5 ---------------------------------------------------------------------------------------
# The serial one is enough, and it never brings an MPI library of its own.  HDF5_ROOT names another.
add_library(parmap_hdf5 INTERFACE IMPORTED)
if(PKG_CONFIG_FOUND AND NOT HDF5_ROOT AND NOT DEFINED ENV{HDF5_ROOT})
    pkg_check_modules(hdf5-serial QUIET IMPORTED_TARGET hdf5-serial)
endif()
if(TARGET PkgConfig::hdf5-serial)
    target_link_libraries(parmap_hdf5 INTERFACE PkgConfig::hdf5-serial)
    set(hdf5_version "${hdf5-serial_VERSION}")
else()
    find_package(HDF5 QUIET COMPONENTS C)
    if(HDF5_FOUND)
        target_include_directories(parmap_hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
        target_compile_definitions(parmap_hdf5 INTERFACE ${HDF5_C_DEFINITIONS})
        target_link_libraries(parmap_hdf5 INTERFACE ${HDF5_C_LIBRARIES})
        set(hdf5_version "${HDF5_VERSION}")
    else()
        parmap_missing("HDF5" libhdf5-dev hdf5-devel)
    endif()
endif()

# ---- what is missing ----------------------------------------------------------------------------
if(missing_names)
    list(JOIN missing_names ", " names)
    list(JOIN missing_debian " " debian)
    list(JOIN missing_fedora " " fedora)
    message(FATAL_ERROR "parmap needs, and did not find: ${names}\n"
        "  Debian, Ubuntu:  apt-get install ${debian}\n"
        "  Fedora, RHEL:    dnf install ${fedora}\n"
        "  a cluster:       load the modules of these, then configure again\n")
endif()

# ---- what does not fit together -----------------------------------------------------------------
# A parallel HDF5 is linked to one MPI library.  If that is another one than ours, programs build
# and die in MPI_Init, so a program is linked here and its libraries are counted.
function(parmap_check_one_mpi)
    cmake_push_check_state(RESET)
    set(CMAKE_REQUIRED_LIBRARIES parmap_hdf5 MPI::MPI_C)
    set(CMAKE_REQUIRED_QUIET ON)
    check_c_source_compiles("#include <hdf5.h>
        #ifndef H5_HAVE_PARALLEL
        #error serial
        #endif
        int main(void) { return 0; }" PARMAP_HDF5_IS_PARALLEL)
    cmake_pop_check_state()
    find_program(PARMAP_LDD ldd)
    mark_as_advanced(PARMAP_LDD)
    if(NOT PARMAP_HDF5_IS_PARALLEL OR NOT PARMAP_LDD OR CMAKE_CROSSCOMPILING)
        return()
    endif()

    set(folder "${PROJECT_BINARY_DIR}/CMakeFiles/one_mpi")
    file(WRITE "${folder}/one_mpi.c" "#include <hdf5.h>\n#include <mpi.h>\n"
        "int main(int argc, char **argv) { return MPI_Init(&argc, &argv) || H5open() < 0; }\n")
    try_compile(linked "${folder}/build" "${folder}/one_mpi.c"
        LINK_LIBRARIES parmap_hdf5 MPI::MPI_C
        OUTPUT_VARIABLE output
        COPY_FILE "${folder}/one_mpi")
    if(NOT linked)
        message(FATAL_ERROR "a program with both HDF5 and MPI cannot be linked:\n${output}")
    endif()
    execute_process(COMMAND ${PARMAP_LDD} "${folder}/one_mpi" OUTPUT_VARIABLE libraries)
    string(REGEX MATCHALL "libmpi(ch)?(_(cray|gnu|intel)[a-z0-9_]*)?\\.so[.0-9]*" libraries
        "${libraries}")
    list(REMOVE_DUPLICATES libraries)
    list(LENGTH libraries count)
    if(count GREATER 1)
        list(JOIN libraries " and " libraries)
        message(FATAL_ERROR "the HDF5 that was found is parallel and of another MPI library: a "
            "program would load ${libraries}. Install the serial HDF5 (Debian: libhdf5-dev, "
            "Fedora: hdf5-devel), or give -DHDF5_ROOT with the HDF5 of ${PARMAP_MPI_FLAVOUR}")
    endif()
endfunction()
parmap_check_one_mpi()
if(PARMAP_HDF5_IS_PARALLEL)
    message(STATUS "HDF5: ${hdf5_version}, parallel")
else()
    message(STATUS "HDF5: ${hdf5_version}, serial")
endif()

# xxHash can pick the vector unit at run time on x86-64, where the package has that part.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
    cmake_push_check_state(RESET)
    set(CMAKE_REQUIRED_LIBRARIES parmap_xxhash)
    check_c_source_compiles("#include <xxh_x86dispatch.h>
        int main(void) { return (int)XXH3_64bits_withSeed_dispatch(\"\", 0, 1); }"
        PARMAP_HAVE_XXH_DISPATCH)
    cmake_pop_check_state()
    if(PARMAP_HAVE_XXH_DISPATCH)
        target_compile_definitions(parmap_xxhash INTERFACE PM_HAVE_XXH_DISPATCH)
    endif()
endif()
