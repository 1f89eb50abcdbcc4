// Where the other files of this octet lie: the modules of engines, and the program. The same rule
// holds for the programs and for the shared library, wherever the folder that holds them is.
#pragma once

#include <filesystem>
#include <string_view>

namespace octet {

// The folder of the program, shared library or module that this code is linked into.
[[nodiscard]] std::filesystem::path own_folder();

// The file `name`, such as "octet_engine_tflite.so", of the first folder that has it:
//   1. the one that the environment variable OCTET_MODULES names,
//   2. own_folder(),
//   3. octet/ inside own_folder(), for the library in lib/ and its modules in lib/octet/,
//   4. the folder of modules beside a bin/ that own_folder() is: ../lib/octet, or where the build
//      installs libraries.
// Where none has it: its place in own_folder().
[[nodiscard]] std::filesystem::path find_module(std::string_view name);

// The program `name` of the first of: the folder OCTET_MODULES, own_folder(), and the bin/ beside
// the lib/ that own_folder() is or is part of. Empty: there is none.
[[nodiscard]] std::filesystem::path find_program(std::string_view name);

// The data file `name`, such as "models/yolov8n-int8.safetensors", in the share/octet/ beside the
// bin/ or lib/ that own_folder() is or is part of, else the one of the samples/ of the source code
// that was built. Empty: there is none.
[[nodiscard]] std::filesystem::path find_data(std::string_view name);

}  // namespace octet
