#include "app/version.h"

#include <fmt/format.h>

namespace octet {

extern const char* const kCommit;  // cmake/Commit.cmake writes it with every build

std::string version_text() { return fmt::format("{} (commit {})", OCTET_VERSION, kCommit); }

}  // namespace octet
