#include "core/json/parse_json.h"

#include <nlohmann/json.hpp>

namespace octet {
namespace {

using nlohmann::json;

// What libstdc++ and nlohmann's library take, with what their growth and malloc add.
constexpr size_t kValueBytes = 2 * sizeof(json);
constexpr size_t kTextBytes = sizeof(std::string) + 16;
constexpr size_t kArrayBytes = sizeof(json::array_t) + 16;
constexpr size_t kObjectBytes = sizeof(json::object_t) + 16;
constexpr size_t kMemberBytes = 32 + sizeof(std::string) + sizeof(json) + 16;

// Goes over a document and makes nothing of it.
class Count : public nlohmann::json_sax<json> {
 public:
  explicit Count(Budget& budget) : budget_(budget) {}

  bool null() override { return value(0); }
  bool boolean(bool) override { return value(0); }
  bool number_integer(number_integer_t) override { return value(0); }
  bool number_unsigned(number_unsigned_t) override { return value(0); }
  bool number_float(number_float_t, const string_t&) override { return value(0); }
  bool string(string_t& text) override { return value(kTextBytes + text.size()); }
  bool binary(binary_t&) override { return value(0); }
  bool key(string_t& text) override {
    budget_.take(kMemberBytes + text.size());
    return true;
  }
  bool start_object(size_t) override { return enter(kObjectBytes); }
  bool start_array(size_t) override { return enter(kArrayBytes); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool parse_error(size_t, const std::string&, const json::exception&) override {
    return false;  // the parser will find it, too
  }

 private:
  bool value(size_t bytes) {
    budget_.take(kValueBytes + bytes);
    return true;
  }
  bool enter(size_t bytes) {
    budget_.require_depth(++depth_);
    return value(bytes);
  }
  bool leave() {
    --depth_;
    return true;
  }

  Budget& budget_;
  int depth_ = 0;
};

}  // namespace

// Twice over the text: a callback of the parser itself would do, but takes time by the square of the
// number of objects in an array.
json parse_json(std::string_view text, Budget& budget) {
  Count count(budget);
  json::sax_parse(text, &count);
  return json::parse(text);
}

}  // namespace octet
