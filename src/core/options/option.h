// A table of options: one row an option, with all that a command line, a configuration file, a page
// and a reference page need. The value lives in a struct of options, the Owner; a row reads and
// writes it as text. The default is what a new Owner holds, so that there is one.
//
// Owner: any struct with a default constructor. Rows are constant and may be used from any thread.
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

// kFile: a relative path in a configuration file counts from the folder of that file. kSecret: a
// file whose first line is the value; the value is never shown. kList: set() adds one entry.
enum class OptionKind { kFlag, kInteger, kNumber, kText, kFile, kSecret, kList };

struct OptionInfo {
  std::string key;   // in a configuration file, as "http.address"; empty: there it has no place
  std::string flag;  // on the command line, as "--http"; empty: there it has no place
  std::string help;
  OptionKind kind = OptionKind::kText;
  Range range;                     // of kInteger and kNumber
  std::vector<std::string> words;  // kText: the choices; else what may stand beside a number

  [[nodiscard]] const std::string& name() const { return key.empty() ? flag : key; }
};

// What is expected, as "a number from 0 to 1 is expected".
[[nodiscard]] std::string expectation(const OptionInfo& info);

// Each throws a usage Error with the expectation() when the text is something else.
[[nodiscard]] bool parse_flag(const OptionInfo& info, const std::string& text);
[[nodiscard]] double parse_number(const OptionInfo& info, const std::string& text);
void require_word(const OptionInfo& info, const std::string& text);  // where there are choices

[[nodiscard]] std::string number_text(double value);
[[nodiscard]] std::string number_text(float value);

template <typename Owner>
struct Option : OptionInfo {
  std::function<std::string(const Owner&)> get;
  // Throws a usage Error that says what is expected, without the option's name.
  std::function<void(Owner&, const std::string&)> set;

  [[nodiscard]] std::string default_text() const { return get(Owner{}); }
};

// Rows by the type of the member that `member(owner)` refers to: a function of Owner& and of const
// Owner&, such as [](auto& o) -> auto& { return o.http.open; }.
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

// A number that is kept in another unit than it is given in. `get`: double of const Owner&; `set`:
// of Owner& and double.
template <typename Owner, typename Get, typename Set>
[[nodiscard]] Option<Owner> converted_option(OptionInfo info, Get get, Set set) {
  if (info.kind != OptionKind::kInteger) info.kind = OptionKind::kNumber;
  return {info, [get](const Owner& o) { return number_text(static_cast<double>(get(o))); },
          [set, info](Owner& o, const std::string& text) { set(o, parse_number(info, text)); }};
}

// std::string and std::filesystem::path; a path is a file.
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
