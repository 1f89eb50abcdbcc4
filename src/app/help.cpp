#include "app/help.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "app/describe_options.h"
#include "app/verb_table.h"
#include "core/terminal.h"
#include "core/text/fit_text.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

constexpr int kLeastColumns = 40;  // of a terminal; one that is narrower breaks the lines itself
constexpr int kMostForNames = 28;

std::string title(std::string_view text, const HelpStyle& style) {
  return style.bold_titles ? fmt::format("\033[1m{}\033[0m\n", text) : fmt::format("{}\n", text);
}

// A name in a column, and beside it, or below it where it is long, the text.
std::string entry(const std::string& name, const std::string& text, int column, int width) {
  std::string line = "  " + name;
  const int used = columns(line);
  if (used + 2 > column)
    line += "\n" + std::string(static_cast<size_t>(column), ' ');
  else
    line.append(static_cast<size_t>(column - used), ' ');
  return line + wrap_text(text, width, column, column) + "\n";
}

std::string entry_name(const ordered_json& option) {
  if (option["positional"].get<bool>()) return option["value"].get<std::string>();
  std::string names;
  for (const auto& name : option["names"])
    names += (names.empty() ? "" : ", ") + name.get<std::string>();
  const auto value = option["value"].get<std::string>();
  return value.empty() ? names : names + " " + value;
}

std::string entry_text(const ordered_json& option) {
  auto text = option["help"].get<std::string>();
  if (option["required"].get<bool>()) text += " Required.";
  if (const auto given = option["default"].get<std::string>(); !given.empty())
    text += fmt::format(" Default: {}.", given);
  return text;
}

std::string usage(const ordered_json& verb, const std::string& name) {
  std::string line = "octet " + name;
  for (const auto& option : verb["options"]) {
    if (!option["required"].get<bool>()) continue;
    line += " " + entry_name(option);
    if (option["repeats"].get<bool>()) line += "...";
  }
  return line + " [OPTIONS]";
}

}  // namespace

HelpStyle HelpStyle::of_output() {
  return {.columns = std::max(kLeastColumns, columns_of(STDOUT_FILENO)),
          .bold_titles = may_colour(STDOUT_FILENO)};
}

std::string overview(const CLI::App& app, const HelpStyle& style) {
  constexpr int kColumn = 12;
  std::string text = wrap_text(app.get_description(), style.columns, 0, 0) + "\n\n" +
                     "Usage: octet VERB [OPTIONS]\n";
  const VerbTask* task = nullptr;
  for (const VerbRow& row : verb_rows()) {
    const CLI::App* verb = verb_of(app, row.name);
    if (verb == nullptr) continue;
    if (task == nullptr || *task != row.task) text += "\n" + title(task_title(row.task), style);
    task = &row.task;
    text += entry(std::string(row.name), verb->get_description(), kColumn, style.columns);
    text += std::string(kColumn, ' ') +
            wrap_text(row.example, style.columns, kColumn + 2, kColumn) + "\n";
  }
  text += "\n";
  for (const char* line :
       {"octet help VERB shows the options of a verb. octet --version shows the version and the "
        "engines that are found.",
        "OCTET_LOG=error, warning, info or debug sets how much is logged."})
    text += wrap_text(line, style.columns, 0, 0) + "\n";
  return text;
}

std::string usage(const CLI::App& verb) { return usage(describe_verb(verb), verb.get_name()); }

std::string verb_help(const CLI::App& verb, const HelpStyle& style) {
  const std::string name = verb.get_name();
  const ordered_json described = describe_verb(verb);
  const int width = style.columns;
  std::string text = wrap_text(verb.get_description(), width, 0, 0) + "\n\n";
  text += title("Usage", style) + "  " + wrap_text(usage(described, name), width, 6, 2) + "\n\n";
  text += title("Example", style) + "  " +
          wrap_text(described["example"].get<std::string>(), width, 6, 2) + "\n\n";
  text += title("Options", style);
  int column = 0;
  for (const auto& option : described["options"])
    column = std::max(column, 4 + columns(entry_name(option)));
  column = std::min({column, kMostForNames, width / 2});
  for (const auto& option : described["options"])
    text += entry(entry_name(option), entry_text(option), column, width);
  return text;
}

}  // namespace octet
