#include <malloc.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "app/command_line.h"
#include "app/describe_options.h"
#include "app/octet/verbs.h"
#include "app/verb_table.h"
#include "app/version.h"
#include "core/error.h"
#include "core/installation.h"
#include "core/log.h"
#include "core/process.h"
#include "core/program.h"
#include "detect/trial.h"
#include "engine/registry.h"

namespace octet {
namespace {

// octet-train beside this program, or in a folder of $PATH; empty: it is not installed.
std::string train_program() {
  constexpr const char* kName = "octet-train";
  if (const auto beside = find_program(kName); !beside.empty()) return beside.string();
  const char* path = std::getenv("PATH");
  std::istringstream listed(path == nullptr ? "" : path);
  for (std::string folder; std::getline(listed, folder, ':');) {
    const auto program = std::filesystem::path(folder) / kName;
    if (::access(program.c_str(), X_OK) == 0) return program.string();
  }
  return {};
}

// Verbs of octet-train, a program of its own because it links libtorch: started in place of this
// one, as git does with its sub-commands.
[[noreturn]] void run_train_program(Arguments arguments) {
  std::string name = train_program();
  if (name.empty())
    fail(
        "octet {}: the program octet-train is not installed; install the package octet-train, or "
        "build octet where libtorch is installed",
        arguments[0]);
  std::vector<char*> argv{name.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(name.c_str(), argv.data());
  fail("octet {}: {} cannot be started: {}", arguments[0], name, std::strerror(errno));
}

// So that --help lists them; run() starts the other program before anything is parsed.
void list_train_verbs(CLI::App& app) {
  const bool missing = train_program().empty();
  for (const VerbRow& row : verb_rows()) {
    if (!row.trains) continue;
    std::string purpose(row.purpose);
    if (missing) purpose.insert(purpose.size() - 1, " (octet-train is not installed)");
    app.add_subcommand(std::string(row.name), purpose);
  }
}

// octet's own version, and those of the engines that can be opened.
std::string versions() {
  std::string text = "octet " + version_text();
  for (const std::string& name : engine_names()) {
    try {
      text += fmt::format("\nengine {}: {}", name, load_engine(name)->version());
    } catch (const Error& e) {
      log_debug("{}", e.what());  // 'octet doctor' says it
    }
  }
  return text;
}

void add_other_tables(nlohmann::ordered_json& all) {
  all["live"]["configuration"] = describe_live_configuration();
  const std::string program = train_program();
  if (program.empty()) return;
  const ProgramResult result = run_program({program, "--describe-options"});
  const auto described = nlohmann::ordered_json::parse(result.out, nullptr, false);
  if (!described.is_object())
    fail("{}: does not describe its options; install the octet-train of this version", program);
  all.update(described);
}

// Files cannot ask for more than their budgets allow, so this is what is left to decide about memory.
[[noreturn]] void out_of_memory(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  const bool sized = !verbs.empty() && verbs[0]->get_option_no_throw("--imgsz") != nullptr;
  fail("out of memory; the memory that is needed grows with {}",
       sized ? "the model, the images and --imgsz" : "the size of the file");
}

void run(const Arguments& given) {
  const Arguments arguments = without_help_verb(given);
  if (!arguments.empty()) {
    const VerbRow* row = find_verb(arguments[0]);
    if (row != nullptr && row->trains) run_train_program(arguments);
  }
  CLI::App app(
      "octet turns a YOLO detection or pose model into a small, fast int8 model and runs it on "
      "live video.");
  add_version_flag(app, versions);
  app.require_subcommand(1);
  add_import(app);
  add_inspect(app);
  add_detect(app);
  add_val(app);
  add_live(app);
  add_tune(app);
  add_export(app);
  add_verify(app);
  add_bench(app);
  add_profile(app);
  add_compress(app);
  add_adapt(app);
  add_doctor(app);
  list_train_verbs(app);
  add_describe_flag(app, add_other_tables);
  try {
    run_command_line(app, arguments);
  } catch (const std::bad_alloc&) {
    out_of_memory(app);
  } catch (const std::length_error&) {
    out_of_memory(app);
  } catch (const std::filesystem::filesystem_error& e) {
    fail("{}: {}", e.path1().string(), e.code().message());
  }
}

}  // namespace
}  // namespace octet

int main(int argc, char** argv) {
  // One arena: the few allocations of a run do not contend, and every further arena would keep
  // pages of its own.
  ::mallopt(M_ARENA_MAX, 1);
  if (argc > 2 && std::string_view(argv[1]) == octet::kTrialVerb)
    return octet::run_trial({argv + 2, argv + argc});
  return octet::run_main(
      [&] {
        octet::run({argv + 1, argv + argc});
      },
      "out of memory; try a smaller --imgsz or a smaller file");
}
