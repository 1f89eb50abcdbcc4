#include "app/size_flag.h"

#include "core/error.h"
#include "core/size.h"

namespace octet {
namespace {

// CLI11 begins the message with the flag itself.
std::string without_flag(std::string message) {
  constexpr std::string_view kFlag = "--imgsz ";
  if (message.starts_with(kFlag)) message.erase(0, kFlag.size());
  return message;
}

}  // namespace

CLI::Validator size_check() {
  const auto check = [](const std::string& text) -> std::string {
    try {
      (void)SizeOption::parse(text);
      return "";
    } catch (const Error& e) {
      return without_flag(e.what());
    }
  };
  return {check, "SIZE"};
}

CLI::Validator square_check() {
  const auto check = [](const std::string& text) -> std::string {
    try {
      const Size size = SizeOption::parse(text).size;
      return size.width == size.height ? "" : text + ": a square is expected, one side";
    } catch (const Error& e) {
      return without_flag(e.what());
    }
  };
  return {check, "SIDE"};
}

int square_side(const std::string& given, const ModelInfo& info) {
  return given.empty() ? info.usual_side() : SizeOption::parse(given).size.width;
}

}  // namespace octet
