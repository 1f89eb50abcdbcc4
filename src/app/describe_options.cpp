#include "app/describe_options.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

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

ordered_json describe(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  if (names.empty()) names.push_back(option.get_name());
  const std::string values = option.get_type_name();
  const bool flag = option.get_items_expected_max() == 0;
  ordered_json out{{"name", names.back()},
                   {"names", names},
                   {"help", option.get_description()},
                   {"values", flag ? "" : values},
                   {"default", option.get_default_str()},
                   {"required", option.get_required()},
                   {"repeats", option.get_items_expected_max() > 1},
                   {"flag", flag}};
  if (!flag) add_limits(values, out);
  return out;
}

}  // namespace

ordered_json describe_options(const CLI::App& app) {
  auto out = ordered_json::object();
  for (const CLI::App* verb : app.get_subcommands({})) {
    auto options = ordered_json::array();
    for (const CLI::Option* option : verb->get_options()) {
      if (!option->get_group().empty()) options.push_back(describe(*option));
    }
    out[verb->get_name()] = {{"help", verb->get_description()}, {"options", std::move(options)}};
  }
  return out;
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
