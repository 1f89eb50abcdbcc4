# The Debian packages, which CPack makes out of the components. scripts/deb.sh starts it.
set(control ${CMAKE_CURRENT_SOURCE_DIR}/debian)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME octet)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_THREADS 4)  # the number changes the bytes of the packages
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "octet contributors <octet@example.org>")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE amd64)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
endif()
set(same_octet "octet (= ${PROJECT_VERSION})")

# octet_package(COMPONENT NAME SECTION TEXT): the package of a component or group. The first line of the text is its summary.
set(CPACK_COMPONENTS_ALL runtime service)
macro(octet_package component name section text)
  string(TOUPPER ${component} upper)
  set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${upper}_DESCRIPTION "${text}")
endmacro()
# octet_linked_package(COMPONENT NAME SECTION TEXT): the same, of programs or modules; dpkg-shlibdeps finds the packages of their libraries.
macro(octet_linked_package component)
  octet_package(${component} ${ARGN})
  set(CPACK_DEBIAN_${upper}_PACKAGE_SHLIBDEPS ON)
endmacro()
# What a package has besides the files of its component.
function(octet_package_documents component name)
  if(NOT component STREQUAL runtime AND NOT component STREQUAL models)  # these have their own
    install(FILES ${control}/copyright DESTINATION ${documents}/${name} COMPONENT ${component})
  endif()
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/changelog.gz DESTINATION ${documents}/${name} COMPONENT ${component})
endfunction()

# Debian's form of the first entry of CHANGELOG.md: its version and date.
file(STRINGS ${CMAKE_SOURCE_DIR}/CHANGELOG.md released REGEX "^## " LIMIT_COUNT 1)
if(NOT released MATCHES "^## ${PROJECT_VERSION} \\(([-0-9]+)\\)$")
  message(FATAL_ERROR "CHANGELOG.md begins with '${released}'; it has to be '## ${PROJECT_VERSION} (YYYY-MM-DD)'")
endif()
execute_process(COMMAND date -Ru -d ${CMAKE_MATCH_1} OUTPUT_VARIABLE release_date OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/changelog
  "octet (${PROJECT_VERSION}) unstable; urgency=medium\n\n  * /usr/share/doc/octet/CHANGELOG.md lists the changes.\n\n"
  " -- ${CPACK_DEBIAN_PACKAGE_MAINTAINER}  ${release_date}\n")
execute_process(COMMAND gzip -9nf ${CMAKE_CURRENT_BINARY_DIR}/changelog COMMAND_ERROR_IS_FATAL ANY)

set(CPACK_COMPONENT_RUNTIME_GROUP octet)
set(CPACK_COMPONENT_SERVICE_GROUP octet)
octet_linked_package(octet octet video
"object detection on live video with small int8 models
octet converts, quantizes and runs YOLO detection and pose models on the
processor. It needs no Python. It exports to ONNX, TensorFlow Lite and
OpenVINO, and watches cameras and video files.
.
This package has the program, its engines with their libraries, and a service
for systemd.")
set(CPACK_DEBIAN_OCTET_PACKAGE_DEPENDS adduser)  # of postinst
set(CPACK_DEBIAN_OCTET_PACKAGE_SUGGESTS "libavdevice59, octet-armnn, octet-models, octet-train, python3-octet")
set(CPACK_DEBIAN_OCTET_PACKAGE_CONTROL_EXTRA
  ${control}/conffiles ${control}/postinst ${control}/prerm ${control}/postrm)
octet_package_documents(runtime octet)

if(TARGET octet_engine_armnn)
  list(APPEND CPACK_COMPONENTS_ALL armnn)
  octet_linked_package(armnn octet-armnn video
"Arm NN engine of octet
octet runs TensorFlow Lite models in Arm NN, too, when --engine armnn names it.")
  set(CPACK_DEBIAN_ARMNN_PACKAGE_DEPENDS "${same_octet}, libarmnn-cpuacc-backend22 | libarmnn-cpuref-backend22")
  octet_package_documents(armnn octet-armnn)
endif()

if(TARGET octet-train)
  list(APPEND CPACK_COMPONENTS_ALL train)
  octet_linked_package(train octet-train video
"training and quantization for octet
This program adds the verbs train and quantize to octet. They fine-tune YOLO
models on your own images, and make int8 models of them. It uses libtorch.")
  set(CPACK_DEBIAN_TRAIN_PACKAGE_DEPENDS "${same_octet}")
  set(CPACK_DEBIAN_TRAIN_PACKAGE_RECOMMENDS libopenblas0-pthread)  # as scripts/setup.sh does
  octet_package_documents(train octet-train)
endif()

if(EXISTS ${CMAKE_SOURCE_DIR}/include/octet)
  list(APPEND CPACK_COMPONENTS_ALL dev)
  octet_package(dev octet-dev libdevel
"headers of octet's library
Headers and CMake files for programs that use octet: find_package(octet).")
  set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "${same_octet}")
  octet_package_documents(dev octet-dev)
  list(APPEND CPACK_DEBIAN_OCTET_PACKAGE_CONTROL_EXTRA ${control}/triggers)  # of the shared library
endif()

list(APPEND CPACK_COMPONENTS_ALL python)
octet_package(python python3-octet python
"octet for Python 3
The module octet finds objects in NumPy arrays and image files.")
set(CPACK_DEBIAN_PYTHON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PYTHON_PACKAGE_DEPENDS "${same_octet}, python3 (>= 3.9), python3-numpy")
set(CPACK_DEBIAN_PYTHON_PACKAGE_CONTROL_EXTRA ${control}/module/prerm)
octet_package_documents(python python3-octet)

list(APPEND CPACK_COMPONENTS_ALL models)
octet_package(models octet-models video
"YOLOv8n models for octet
Float and int8 weights of YOLOv8n, which detect the 80 classes of COCO. They
are licensed under the GNU Affero General Public License, version 3.")
set(CPACK_DEBIAN_MODELS_PACKAGE_ARCHITECTURE all)
octet_package_documents(models octet-models)
