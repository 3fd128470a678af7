# Where programs and libraries land, and how programs find the library: relative to themselves, so
# that a build tree or an installed tree can be moved.  The library itself knows the folders of MPI
# and HDF5 (src/CMakeLists.txt), which are absolute.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/lib")
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
file(RELATIVE_PATH bin_to_lib "/prefix/${CMAKE_INSTALL_BINDIR}" "/prefix/${CMAKE_INSTALL_LIBDIR}")
set(CMAKE_INSTALL_RPATH "$ORIGIN/${bin_to_lib}")

# Programs that compile kernel files find parmap's headers the same way.
file(RELATIVE_PATH bin_to_include "/prefix/${CMAKE_INSTALL_BINDIR}"
    "/prefix/${CMAKE_INSTALL_INCLUDEDIR}")
get_filename_component(build_include "${PROJECT_BINARY_DIR}/bin/${bin_to_include}" ABSOLUTE)
file(CREATE_LINK "${PROJECT_SOURCE_DIR}/src/include" "${build_include}" SYMBOLIC)
