// The version of the library, and the two macros that every header uses.
//
// Names: a program writes octet::Detector. The compiler sees octet::v0::Detector, so that programs
// of two incompatible versions cannot be mixed.
//
// Threads: everything here may be called from any thread.
//
// Example:
//   std::printf("octet %s\n", octet::version());
#pragma once

// A name that the shared library exports.
#define OCTET_API __attribute__((visibility("default")))

#ifdef OCTET_BUILDS_LIBRARY
namespace octet::v0 {}
#else
namespace octet {
inline namespace v0 {}
}  // namespace octet
#endif

namespace octet::v0 {

// Of the library that is loaded, such as "0.2.0".
[[nodiscard]] OCTET_API const char* version();

}  // namespace octet::v0
