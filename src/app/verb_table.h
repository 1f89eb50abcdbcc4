// The verbs of both programs, one row each: help, reference page, man page and completion come from it.
//
// To add a verb: its row in verb_table.cpp, a file in octet/ or octet_train/, and its line in verbs.h and
// main.cpp of that folder.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace octet {

enum class VerbTask { kGetModel, kMakeSmall, kUse, kMeasure };
[[nodiscard]] std::string_view task_title(VerbTask task);

struct VerbRow {
  std::string_view name;
  VerbTask task;
  std::string_view purpose;  // a sentence
  std::string_view example;
  bool trains = false;                           // a verb of octet-train
  std::vector<std::string_view> elsewhere = {};  // its names in other programs
  std::vector<std::pair<std::string_view, std::string_view>> renamed =
      {};  // options: old name, new
};

// By task, in the order in which they are used.
[[nodiscard]] const std::vector<VerbRow>& verb_rows();
[[nodiscard]] const VerbRow* find_verb(std::string_view name);  // null: there is none

// The sub-command of that name; null: `app` has none.
[[nodiscard]] const CLI::App* verb_of(const CLI::App& app, std::string_view name);

// The sub-command of that row, with the options that every verb has.
CLI::App* add_verb(CLI::App& root, std::string_view name);

}  // namespace octet
