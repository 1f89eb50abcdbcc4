#include "measure/profile/profile.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/octet/profile_clip.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/file.h"
#include "core/log.h"
#include "core/process.h"
#include "core/terminal.h"
#include "engine/registry.h"
#include "format/registry.h"
#include "measure/profile/report.h"

namespace octet {
namespace {
namespace fs = std::filesystem;

constexpr int kColumnsOfFile = 200;  // where the output is no terminal

struct Options {
  RunOptions run;
  std::string source, compare, html;
  double seconds = 3;
  int layers = 20;
  bool cut = false;
};

bool is_engine(const std::string& name) {
  const auto names = engine_names();
  return std::find(names.begin(), names.end(), name) != names.end();
}

// The options of the other side of --compare: the same model in another engine, or another file.
RunOptions compared_options(const Options& o) {
  RunOptions other = o.run;
  if (is_engine(o.compare)) {
    other.engine = o.compare;
    return other;
  }
  if (!fs::exists(o.compare))
    fail_usage("--compare {}: is neither a file nor an engine; the engines are {}", o.compare,
               fmt::join(engine_names(), ", "));
  other.model = o.compare;
  const ExportFormat* format = export_format_of(o.compare);
  const auto& rows = engine_rows();
  const bool reads = std::any_of(rows.begin(), rows.end(), [&](const EngineRow& row) {
    return row.name == other.engine && (format == nullptr || row.reads(*format));
  });
  if (!reads) other.engine = "auto";
  return other;
}

Profile profile_of(const Options& o, const RunOptions& run, const std::string& named_by) {
  const ProfileOptions options{.detector = detector_options(run, std::nullopt, 1),
                               .seconds = o.seconds,
                               .cut = o.cut,
                               .named_by = named_by,
                               .octet = OCTET_VERSION};
  if (o.source.empty()) {
    NoiseFeed feed;
    return profile_model(options, feed);
  }
  ClipFeed feed(o.source);
  feed.name_classes(open_artifact(run.model).info.names);
  return profile_model(options, feed);
}

void write_page(const Options& o, const Profile& first, const Profile* second) {
  Facts facts{
      {"model", first.model},
      {"machine", first.network.device},
      {"engine", fmt::format("{} in {}", first.network.engine, first.network.precision)},
      {"input", fmt::format("{}, {} threads", to_string(first.input), first.network.threads)}};
  if (second != nullptr)
    facts.emplace_back("compared with",
                       fmt::format("{}, {} in {}", second->model, second->network.engine,
                                   second->network.precision));
  facts.emplace_back("frames", o.source.empty() ? "noise" : o.source);
  facts.emplace_back("octet", OCTET_VERSION);
  say_if_overwritten(o.html);
  write_text_file(o.html, profile_page(first, second, facts));
  log_info("wrote {}", o.html);
}

void run(const Options& o) {
  std::optional<RunOptions> other;
  if (!o.compare.empty()) other = compared_options(o);
  const Profile first = profile_of(o, o.run, other ? other->model : "");
  std::optional<Profile> second;
  if (other) second = profile_of(o, *other, o.run.model);
  if (!o.html.empty()) write_page(o, first, second ? &*second : nullptr);
  if (o.run.json) {
    nlohmann::ordered_json j = to_json(first);
    if (second) {
      j["compared"] = to_json(*second);
      j["blocks"] = to_json(compare_blocks(first, *second));
    }
    print_json(j);
    return;
  }
  const PrintOptions print{
      .layers = o.layers,
      .columns = is_terminal(STDOUT_FILENO) ? columns_of(STDOUT_FILENO) : kColumnsOfFile};
  second ? print_comparison(first, *second, print) : print_profile(first, print);
}

}  // namespace

void add_profile(CLI::App& root) {
  auto o = std::make_shared<Options>();
  CLI::App* verb = add_verb(root, "profile");
  add_run_options(*verb, o->run, "auto");
  verb->add_option("--source", o->source,
                   "A video file, a folder or a glob of images. Decoding and the output of results "
                   "are measured too. Without it: a frame of noise.")
      ->type_name("FILE");
  verb->add_option("--compare", o->compare,
                   "Another model file or export, or another engine for the same model. Both are "
                   "shown side by side.")
      ->type_name("FILE");
  verb->add_option("--seconds", o->seconds, "Length of the measurement, for each model.")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  verb->add_option("--layers", o->layers,
                   "Layers to print, the slowest first. 0: all, in the order of the network.")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  verb->add_flag("--cut", o->cut,
                 "Cut the network behind each layer and measure all parts, as octet does for "
                 "engines that tell no times of layers. It takes minutes.");
  verb->add_option("--html", o->html, "HTML page to write, with bars along the network.")
      ->type_name("FILE");
  verb->callback([o] {
    install_stop_signals();
    run(*o);
  });
}

}  // namespace octet
