# The one place that knows how a folder becomes a target.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

add_library(octet_flags INTERFACE)
target_compile_options(octet_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -Werror
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
# No fused multiply-adds: the same numbers on every processor, whatever its instructions.
target_compile_options(octet_flags INTERFACE -ffp-contract=off)
target_include_directories(octet_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
if(OCTET_SANITIZE)
  target_compile_options(octet_flags INTERFACE -fsanitize=${OCTET_SANITIZE} -fno-omit-frame-pointer
                                               -fno-sanitize-recover=all)
  target_link_options(octet_flags INTERFACE -fsanitize=${OCTET_SANITIZE})
  target_compile_definitions(octet_flags INTERFACE OCTET_SANITIZED)
endif()
if(OCTET_FUZZ)
  target_compile_options(octet_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# octet_folder(NAME [LINK targets…]): a static library of the folder's sources. Files named x_test.cpp become NAME_test, x_fuzz.cpp a
# fuzz target each.
function(octet_folder name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|module)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  add_library(octet_${name} STATIC ${sources})
  target_link_libraries(octet_${name} PUBLIC octet_flags ${ARG_LINK})
  if(OCTET_TESTS AND tests)
    octet_test(${name}_test SOURCES ${tests} LINK octet_${name})
  endif()
  if(OCTET_FUZZ)
    foreach(file ${fuzzers})
      get_filename_component(target ${file} NAME_WE)
      add_executable(${target} ${file})
      target_link_libraries(${target} PRIVATE octet_${name} -fsanitize=fuzzer)
    endforeach()
  endif()
endfunction()

# octet_test(NAME SOURCES files LINK targets): one GoogleTest program, one ctest case a TEST.
function(octet_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
  find_package(GTest REQUIRED)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE OCTET_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
                                             OCTET_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  add_dependencies(${name} octet_engines)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 900)
endfunction()
