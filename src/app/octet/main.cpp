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

#include "app/describe_options.h"
#include "app/octet/verbs.h"
#include "app/train_verbs.h"
#include "core/error.h"
#include "core/process.h"
#include "core/program.h"
#include "detect/trial.h"

namespace octet {
namespace {

// octet-train beside this program, or in a folder of $PATH; empty: it is not installed.
std::string train_program() {
  std::vector<std::filesystem::path> folders{program_folder()};
  const char* path = std::getenv("PATH");
  std::istringstream listed(path == nullptr ? "" : path);
  for (std::string folder; std::getline(listed, folder, ':');) folders.emplace_back(folder);
  for (const auto& folder : folders) {
    const auto program = folder / "octet-train";
    if (::access(program.c_str(), X_OK) == 0) return program.string();
  }
  return {};
}

// Verbs of octet-train, a program of its own because it links libtorch: started in place of this
// one, as git does with its sub-commands.
[[noreturn]] void run_train_program(char** argv) {
  std::string name = train_program();
  if (name.empty())
    fail(
        "octet {}: the program octet-train is not installed; it comes with a build that finds "
        "libtorch, and belongs beside octet or in a folder of $PATH",
        argv[1]);
  argv[0] = name.data();
  ::execv(name.c_str(), argv);
  fail("octet {}: {} cannot be started: {}", argv[1], name, std::strerror(errno));
}

// So that --help lists them; run() starts the other program before anything is parsed.
void list_train_verbs(CLI::App& app) {
  const char* missing = train_program().empty() ? " (octet-train is not installed)" : "";
  for (const TrainVerb& verb : kTrainVerbs)
    app.add_subcommand(verb.name, std::string(verb.help) + missing);
}

void add_other_tables(nlohmann::ordered_json& all) {
  all["live"]["configuration"] = describe_live_configuration();
  const std::string program = train_program();
  if (program.empty()) return;
  const ProgramResult result = run_program({program, "--describe-options"});
  const auto described = nlohmann::ordered_json::parse(result.out, nullptr, false);
  if (!described.is_object())
    fail("{} does not describe its options; is it of another build?", program);
  all.update(described);
}

// Files cannot ask for more than their budgets allow, so this is what is left to decide about memory.
[[noreturn]] void out_of_memory(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  const bool sized = !verbs.empty() && verbs[0]->get_option_no_throw("--imgsz") != nullptr;
  fail("out of memory; how much is needed follows from {}",
       sized ? "the model, the pictures and --imgsz" : "the size of the file");
}

void run(int argc, char** argv) {
  for (const TrainVerb& verb : kTrainVerbs) {
    if (argc > 1 && std::string_view(argv[1]) == verb.name) run_train_program(argv);
  }
  CLI::App app("octet: a YOLO as a small, fast model, on live video.");
  app.set_version_flag("--version", "octet " OCTET_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  add_import(app);
  add_inspect(app);
  add_detect(app);
  add_val(app);
  add_live(app);
  add_export(app);
  add_verify(app);
  add_bench(app);
  add_doctor(app);
  list_train_verbs(app);
  add_describe_flag(app, add_other_tables);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // help or the version, printed here, or a flag that did it all
    app.exit(e);
  } catch (const std::bad_alloc&) {
    out_of_memory(app);
  } catch (const std::length_error&) {
    out_of_memory(app);
  } catch (const std::filesystem::filesystem_error& e) {
    fail("{}: {}", e.path1().string(), e.code().message());
  } catch (const CLI::ParseError& e) {
    const auto verbs = app.get_subcommands();
    fail_usage("{}\nTry 'octet {}--help'.", e.what(),
               verbs.empty() ? "" : verbs[0]->get_name() + " ");
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
  return octet::run_main([&] { octet::run(argc, argv); },
                         "out of memory; try a smaller --imgsz or a smaller file");
}
