#include "app/command_line.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "app/describe_options.h"
#include "app/help.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/log.h"
#include "core/output.h"
#include "core/text/nearest_text.h"

namespace octet {
namespace {

bool begins_option(const std::string& argument) {
  return argument.size() > 1 && argument[0] == '-' &&
         (argument[1] == '-' || std::isalpha(static_cast<unsigned char>(argument[1])) != 0);
}

std::string name_of(const std::string& argument) { return argument.substr(0, argument.find('=')); }

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

[[noreturn]] void fail_with_help(const CLI::App& verb, const std::string& message) {
  const std::string name = verb.get_parent() == nullptr ? "" : " " + verb.get_name();
  fail_usage("{}\nTry 'octet{} --help'.", message, name);
}

[[noreturn]] void fail_unknown_verb(const CLI::App& app, const std::string& word) {
  for (const VerbRow& row : verb_rows()) {
    if (std::find(row.elsewhere.begin(), row.elsewhere.end(), word) != row.elsewhere.end())
      fail_with_help(
          app, fmt::format("there is no verb {}; use {}, as in: {}", word, row.name, row.example));
  }
  if (app.get_option_no_throw("--" + word) != nullptr)
    fail_with_help(app, fmt::format("there is no verb {}; did you mean --{}?", word, word));
  std::vector<std::string> names;
  for (const VerbRow& row : verb_rows()) names.emplace_back(row.name);
  const std::string nearest = nearest_text(word, names);
  if (!nearest.empty())
    fail_with_help(app, fmt::format("there is no verb {}; did you mean {}?", word, nearest));
  fail_with_help(app,
                 fmt::format("there is no verb {}; there are: {}", word, fmt::join(names, ", ")));
}

// The option that a short one stands for elsewhere, "--model" for "-m": a required one first.
std::string long_name(const CLI::App& verb, char letter) {
  std::string first;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_group().empty() || option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    if (name[0] != letter) continue;
    if (option->get_required()) return "--" + name;
    if (first.empty()) first = "--" + name;
  }
  return first;
}

// The option with such a name that the verb takes without its name, as 'verify' takes the model.
const CLI::Option* positional_called(const CLI::App& verb, const std::string& name) {
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_positional() && (name == "--model" || name == "--" + option->get_name()))
      return option;
  }
  return nullptr;
}

[[noreturn]] void fail_unknown_option(const CLI::App& verb, const std::string& name) {
  if (positional_called(verb, name) != nullptr)
    fail_with_help(verb, fmt::format("{} has no option {}; write its value alone, as in: {}",
                                     verb.get_name(), name, usage(verb)));
  const bool is_short = name.size() > 1 && name[1] != '-';
  const std::string nearest =
      is_short ? long_name(verb, name[1]) : nearest_text(name, option_names(verb));
  const std::string there_is =
      verb.get_parent() == nullptr ? "there is no option" : verb.get_name() + " has no option";
  const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest);
  fail_with_help(verb, fmt::format("{} {}{}", there_is, name, hint));
}

// What the verb does not know among its arguments.
struct Unknown {
  std::string option;  // the first that looks like an option and is none; empty: there is none
  std::string value;   // the first that belongs to no option; empty: there is none
};

// The value of an option may look like an option.
Unknown unknown_in(const CLI::App& verb, const Arguments& arguments) {
  Unknown out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") break;
    if (!begins_option(argument)) {
      if (out.value.empty()) out.value = argument;
      continue;
    }
    const bool is_short = argument[1] != '-';
    const std::string name = is_short ? argument.substr(0, 2) : name_of(argument);
    const CLI::Option* option = verb.get_option_no_throw(name);
    if (option == nullptr) {
      out.option = is_short ? argument : name;
      break;
    }
    const bool value_inside = is_short ? argument.size() > 2 : name.size() < argument.size();
    if (!value_inside) i += static_cast<size_t>(std::max(0, option->get_items_expected_min()));
  }
  return out;
}

// The option that a message of CLI11 begins with, "--conf: …"; null: none.
const CLI::Option* option_in(const CLI::App& verb, const std::string& message) {
  const size_t begin = message.find("--");
  if (begin == std::string::npos) return nullptr;
  return verb.get_option_no_throw(
      message.substr(begin, message.find_first_of(": =", begin) - begin));
}

// "; did you mean tflite?" where a value is none of the option's words, but nearly one.
std::string hint_of_choice(const CLI::Option& option) {
  const std::vector<std::string> words = choices_of(option);
  for (const std::string& given : option.results()) {
    if (std::find(words.begin(), words.end(), given) == words.end())
      return did_you_mean(given, words);
  }
  return {};
}

// What CLI11 says of an argument, in octet's words.
[[noreturn]] void fail_parse(const CLI::App& verb, const Arguments& arguments,
                             const CLI::ParseError& error) {
  const Unknown unknown = unknown_in(verb, arguments);
  if (!unknown.option.empty()) fail_unknown_option(verb, unknown.option);
  using Kind = CLI::ExitCodes;
  const auto kind = static_cast<Kind>(error.get_exit_code());
  const std::string said = error.what();
  if (kind == Kind::ExtrasError) {
    const size_t colon = said.find(": ");
    const CLI::Option* source = verb.get_option_no_throw("--source");
    const bool no_source = source != nullptr && source->count() == 0 && !unknown.value.empty();
    fail_with_help(verb, fmt::format("{} is not expected here; a value stands behind its option{}",
                                     said.substr(colon + 2),
                                     no_source ? ", as in --source " + unknown.value : ""));
  }
  const CLI::Option* option = option_in(verb, said);
  if (option == nullptr) fail_with_help(verb, said);
  if (kind == Kind::RequiredError && !unknown.value.empty() && !option->get_positional())
    fail_with_help(verb,
                   fmt::format("{}; did you mean {} {}?", said, option->get_name(), unknown.value));
  const std::string name = option->get_name(), wanted = expectation(*option);
  if (kind == Kind::ArgumentMismatch) {
    const bool flag = option->get_items_expected_max() == 0;
    fail_with_help(verb,
                   fmt::format("{}: {}", name, flag ? "takes no value" : "a value is expected"));
  }
  if ((kind == Kind::ValidationError || kind == Kind::ConversionError) && !wanted.empty())
    fail_with_help(verb, fmt::format("{}: {}, not {}{}", name, wanted,
                                     fmt::join(option->results(), ","), hint_of_choice(*option)));
  if (kind == Kind::ExcludesError)
    fail_with_help(verb, fmt::format("{}; leave one of them out", said));
  fail_with_help(verb, said);
}

// Old names of options go on working.
void rename_options(const VerbRow& row, Arguments& arguments) {
  for (std::string& argument : arguments) {
    for (const auto& [old_name, name] : row.renamed) {
      if (name_of(argument) != old_name) continue;
      log_warning("{} is an old name; use {}", old_name, name);
      argument.replace(0, old_name.size(), name);
    }
  }
}

}  // namespace

void add_version_flag(CLI::App& app, std::function<std::string()> version) {
  app.add_flag_callback(
      "--version",
      [version = std::move(version)] {
        write_output(version() + "\n");
        throw CLI::Success();
      },
      "Print the version and exit.");
}

Arguments without_help_verb(Arguments arguments) {
  if (arguments.empty() || arguments[0] != "help") return arguments;
  if (arguments.size() == 1) return {"--help"};
  return {arguments[1], "--help"};
}

void run_command_line(CLI::App& app, Arguments arguments) {
  arguments = without_help_verb(std::move(arguments));
  if (arguments.empty()) arguments = {"--help"};
  const CLI::App* verb = verb_of(app, arguments[0]);
  if (verb == nullptr && !begins_option(arguments[0])) fail_unknown_verb(app, arguments[0]);
  if (verb != nullptr) rename_options(*find_verb(arguments[0]), arguments);
  const Arguments behind(arguments.begin() + (verb == nullptr ? 0 : 1), arguments.end());
  const CLI::App& asked = verb == nullptr ? app : *verb;
  try {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    const HelpStyle style = HelpStyle::of_output();
    write_output(verb == nullptr ? overview(app, style) : verb_help(*verb, style));
  } catch (const CLI::Success&) {  // a flag that did it all
  } catch (const CLI::ParseError& e) {
    fail_parse(asked, behind, e);
  }
}

}  // namespace octet
