// A table of options, one row an option. Command line, configuration file, page and reference are
// made from it. The value lives in a struct of options, the Owner, and a row reads and writes it as
// text. The default is the value in a new Owner, so that there is only one.
//
// Owner: any struct with a default constructor. Rows are constant, and any thread may use them.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace octet {

struct Range {
  double least = 0, most = 0;

  [[nodiscard]] bool holds(double value) const { return value >= least && value <= most; }
};

// kFile: a relative path in a configuration file starts at the folder of that file. kSecret: a file
// whose first line is the value, which is never shown. kList: set() adds one entry.
enum class OptionKind { kFlag, kInteger, kNumber, kText, kFile, kSecret, kList };

struct OptionInfo {
  std::string key;   // in a configuration file, such as "http.address"; empty: only a flag
  std::string flag;  // on the command line, such as "--http"; empty: only a key
  std::string help;
  OptionKind kind = OptionKind::kText;
  Range range;                     // of kInteger and kNumber
  std::vector<std::string> words;  // kText: the choices; numbers: words in place of a number
  std::string noun = {};           // kText: how help calls the value, "NAME"; empty: "TEXT"

  [[nodiscard]] const std::string& name() const { return key.empty() ? flag : key; }
};

// Describes the valid values, such as "a number from 0 to 1 is expected".
[[nodiscard]] std::string expectation(const OptionInfo& info);

// Each throws a usage Error with the expectation() when the text is not valid.
[[nodiscard]] bool parse_flag(const OptionInfo& info, const std::string& text);
[[nodiscard]] double parse_number(const OptionInfo& info, const std::string& text);
void require_word(const OptionInfo& info, const std::string& text);  // where there are choices

[[nodiscard]] std::string number_text(double value);
[[nodiscard]] std::string number_text(float value);

template <typename Owner>
struct Option : OptionInfo {
  std::function<std::string(const Owner&)> get;
  // Throws a usage Error with the expectation(), without the name of the option.
  std::function<void(Owner&, const std::string&)> set;

  [[nodiscard]] std::string default_text() const { return get(Owner{}); }
};

// Makes a row for a member. `member(owner)` returns a reference to it, for Owner& and const Owner&,
// as [](auto& o) -> auto& { return o.http.open; } does.
template <typename Owner, typename Member>
[[nodiscard]] Option<Owner> flag_option(OptionInfo info, Member member) {
  info.kind = OptionKind::kFlag;
  return {
      info, [member](const Owner& o) -> std::string { return member(o) ? "true" : "false"; },
      [member, info](Owner& o, const std::string& text) { member(o) = parse_flag(info, text); }};
}

template <typename Owner, typename Member>
[[nodiscard]] Option<Owner> number_option(OptionInfo info, Member member) {
  using Number = std::decay_t<decltype(member(std::declval<Owner&>()))>;
  info.kind = std::is_integral_v<Number> ? OptionKind::kInteger : OptionKind::kNumber;
  return {info,
          [member](const Owner& o) {
            if constexpr (std::is_same_v<Number, float>) return number_text(member(o));
            return number_text(static_cast<double>(member(o)));
          },
          [member, info](Owner& o, const std::string& text) {
            member(o) = static_cast<Number>(parse_number(info, text));
          }};
}

// A number that is stored in another unit than its text has. `get` returns a double for a const
// Owner&, and `set` takes an Owner& and a double.
template <typename Owner, typename Get, typename Set>
[[nodiscard]] Option<Owner> converted_option(OptionInfo info, Get get, Set set) {
  if (info.kind != OptionKind::kInteger) info.kind = OptionKind::kNumber;
  return {info, [get](const Owner& o) { return number_text(static_cast<double>(get(o))); },
          [set, info](Owner& o, const std::string& text) { set(o, parse_number(info, text)); }};
}

// For members of type std::string and std::filesystem::path. A path has the kind kFile.
template <typename Owner, typename Member>
[[nodiscard]] Option<Owner> text_option(OptionInfo info, Member member) {
  using Text = std::decay_t<decltype(member(std::declval<Owner&>()))>;
  if (std::is_same_v<Text, std::filesystem::path>) info.kind = OptionKind::kFile;
  return {info,
          [member](const Owner& o) -> std::string {
            if constexpr (std::is_same_v<Text, std::filesystem::path>)
              return member(o).string();
            else
              return member(o);
          },
          [member, info](Owner& o, const std::string& text) {
            require_word(info, text);
            member(o) = text;
          }};
}

}  // namespace octet
