// The one exception of the library. Its message names the file or the value that is wrong, and says
// what to do. A hostile or damaged file is an Error as well, never a crash.
//
// Threads: a value like any other.
//
// Example:
//   try {
//     const octet::Detector detector("missing.tflite");
//   } catch (const octet::Error& e) {
//     std::fprintf(stderr, "%s\n", e.what());
//   }
#pragma once

#include <stdexcept>
#include <string>

#include "octet/version.h"

namespace octet::v0 {

enum class ErrorCode {
  kFailed = 1,  // a file, a device or the machine is not as it should be
  kUsage = 2    // an argument is wrong: the program has to be changed, or its options
};

class OCTET_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message);
  Error(const Error&) noexcept;
  Error& operator=(const Error&) noexcept;
  ~Error() override;

  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace octet::v0
