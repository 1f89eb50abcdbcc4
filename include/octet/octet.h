// All of the library's C++ interface. `octet/c.h` has the C interface.
//
//   find_package(octet REQUIRED)
//   target_link_libraries(program PRIVATE octet::octet)
//
// The library prints nothing, handles no signals and starts no program but `octet` itself
// (octet/detector.h says when). Errors are octet::Error. Log and stop token are arguments.
//
// Threads: each header says which functions may be called from several threads.
//
// Example:
//   const octet::Detector detector("yolov8n.safetensors");
//   octet::Image image = octet::read_image("street.jpg");
//   octet::draw(image, detector.detect(image));
//   octet::write_jpeg("found.jpg", image);
#pragma once

#if __cplusplus < 202002L
#error "octet needs C++20: compile with -std=c++20"
#endif

#include "octet/detections.h"
#include "octet/detector.h"
#include "octet/error.h"
#include "octet/export.h"
#include "octet/image.h"
#include "octet/import.h"
#include "octet/log.h"
#include "octet/model.h"
#include "octet/version.h"
#include "octet/watch.h"
