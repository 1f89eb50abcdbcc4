#include "app/describe_options.h"

#include <fmt/ranges.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

#include "app/verb_table.h"
#include "core/output.h"
#include "core/text/json_text.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

// CLI11 writes limits into the type's name: "FLOAT:FLOAT in [0 - 1]", "TEXT:{f32,auto}".
void add_limits(const std::string& values, ordered_json& out) {
  const size_t open = values.find('['), dash = values.find(" - ", open);
  if (open != std::string::npos && dash != std::string::npos) {
    out["range"] = {std::strtod(values.c_str() + open + 1, nullptr),
                    std::strtod(values.c_str() + dash + 3, nullptr)};
  }
  const size_t begin = values.find('{'), end = values.find('}', begin);
  if (begin != std::string::npos && end != std::string::npos)
    out["choices"] = CLI::detail::split(values.substr(begin + 1, end - begin - 1), ',');
}

// The type alone: "FLOAT" of "FLOAT:[0 - 1]", and the name of a check that is one word, "SIZE".
std::string type_of(const std::string& values) {
  const size_t colon = values.find(':');
  const std::string type = values.substr(0, colon);
  if (colon == std::string::npos) return type;
  const std::string check = values.substr(colon + 1);
  const bool name = check.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos;
  return name && check != "POSITIVE" && check != "NONNEGATIVE" ? check : type;
}

// "N", "X", "ptq|qat", "N|auto", "FILE".
std::string value_of(const std::string& values, const ordered_json& limits) {
  const std::string type = type_of(values);
  const bool number = type == "INT" || type == "UINT" || type == "FLOAT";
  std::string words;
  if (limits.contains("choices"))
    words = CLI::detail::join(limits["choices"].get<std::vector<std::string>>(), "|");
  if (!words.empty() && (!number || !limits.contains("range"))) return words;
  const std::string value = type == "FLOAT" ? "X" : number ? "N" : type;
  return words.empty() ? value : value + "|" + words;
}

ordered_json describe(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  const bool positional = names.empty();
  if (positional) names.push_back(option.get_name());
  const std::string values = option.get_type_name();
  const bool flag = option.get_items_expected_max() == 0;
  ordered_json out{{"name", names.back()},
                   {"names", names},
                   {"help", option.get_description()},
                   {"value", ""},
                   {"values", flag ? "" : values},
                   {"default", flag ? "" : option.get_default_str()},
                   {"required", option.get_required()},
                   {"repeats", option.get_items_expected_max() > 1},
                   {"flag", flag},
                   {"positional", positional}};
  if (flag) return out;
  add_limits(values, out);
  out["value"] = value_of(values, out);
  return out;
}

}  // namespace

ordered_json describe_verb(const CLI::App& verb) {
  const VerbRow& row = *find_verb(verb.get_name());
  auto options = ordered_json::array();
  for (const bool required : {true, false}) {
    for (const CLI::Option* option : verb.get_options()) {
      if (!option->get_group().empty() && option->get_required() == required)
        options.push_back(describe(*option));
    }
  }
  return {{"help", verb.get_description()},
          {"task", task_title(row.task)},
          {"example", row.example},
          {"options", std::move(options)}};
}

ordered_json describe_options(const CLI::App& app) {
  auto out = ordered_json::object();
  for (const VerbRow& row : verb_rows()) {
    if (const CLI::App* verb = verb_of(app, row.name)) out[verb->get_name()] = describe_verb(*verb);
  }
  return out;
}

std::vector<std::string> choices_of(const CLI::Option& option) {
  return describe(option).value("choices", std::vector<std::string>{});
}

std::string expectation(const CLI::Option& option) {
  const ordered_json described = describe(option);
  const bool words = described.contains("choices");
  const std::string choices =
      words ? fmt::format("{}",
                          fmt::join(described["choices"].get<std::vector<std::string>>(), " or "))
            : "";
  if (described.contains("range")) {
    return fmt::format("a number from {} to {}{} is expected", described["range"][0].get<double>(),
                       described["range"][1].get<double>(), words ? ", or " + choices + "," : "");
  }
  const std::string type = type_of(option.get_type_name());
  return words                             ? choices + " is expected"
         : type == "INT" || type == "UINT" ? "a whole number is expected"
         : type == "FLOAT"                 ? "a number is expected"
                                           : "";
}

std::vector<std::pair<std::string, std::string>> option_values(const CLI::App& verb, bool given) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_group().empty() || (option->count() > 0) != given) continue;
    const std::string value =
        given ? CLI::detail::join(option->results(), " ") : option->get_default_str();
    if (!value.empty()) list.emplace_back(option->get_name(), value);
  }
  return list;
}

void add_describe_flag(CLI::App& app, std::function<void(ordered_json&)> more) {
  app.add_flag_callback("--describe-options",
                        [&app, more = std::move(more)] {
                          ordered_json all = describe_options(app);
                          if (more) more(all);
                          print_out("{}\n", dump_json(all));
                          throw CLI::Success();
                        })
      ->group("");
}

}  // namespace octet
