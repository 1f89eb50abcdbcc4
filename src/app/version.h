// The version of the programs, and the commit that they were built from.
#pragma once

#include <string>

namespace octet {

// "0.1.0 (commit 3e2fc832a)"; "commit unknown" where the sources were in no git repository.
[[nodiscard]] std::string version_text();

}  // namespace octet
