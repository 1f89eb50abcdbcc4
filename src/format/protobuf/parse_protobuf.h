// Parses protobuf messages of files that may come from strangers, for the readers of formats.
#pragma once

#include <cstddef>
#include <span>

#include "core/budget.h"

namespace google::protobuf {
class Message;
}

namespace octet {

// Fills `message` from `bytes`. Takes the memory that protobuf needs from the budget first, and
// throws its Error when that is too much. Returns false when the bytes are damaged or cut short.
[[nodiscard]] bool parse_protobuf(std::span<const std::byte> bytes, Budget& budget,
                                  google::protobuf::Message& message);

}  // namespace octet
