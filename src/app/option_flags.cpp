#include "app/option_flags.h"

#include <fmt/ranges.h>

namespace octet {

std::string value_name(const OptionInfo& info) {
  const std::string words =
      info.words.empty() ? "" : fmt::format(":{{{}}}", fmt::join(info.words, ","));
  switch (info.kind) {
    case OptionKind::kFlag:
      return "BOOLEAN";
    case OptionKind::kInteger:
    case OptionKind::kNumber:
      return fmt::format("{}:[{} - {}]{}", info.kind == OptionKind::kInteger ? "INT" : "FLOAT",
                         info.range.least, info.range.most, words);
    case OptionKind::kText:
    case OptionKind::kList:
      return (info.noun.empty() ? "TEXT" : info.noun) + words;
    case OptionKind::kFile:
    case OptionKind::kSecret:
      return "FILE";
  }
  return {};
}

}  // namespace octet
