#include "adapt/adapt.h"

#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "app/common_options.h"
#include "app/octet/verbs.h"
#include "app/print_json.h"
#include "app/size_flag.h"
#include "app/verb_table.h"
#include "core/error.h"
#include "core/log.h"
#include "core/output.h"
#include "core/process.h"
#include "engine/registry.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

struct Options {
  AdaptOptions adapt;
  std::string size;
  bool json = false;
};

ordered_json to_json(const AdaptResult& r, const Options& o) {
  auto candidates = ordered_json::array();
  for (const AdaptCandidate& c : r.candidates)
    candidates.push_back({{"ranges", c.name}, {"distance", c.distance}});
  return {{"taken", r.taken},
          {"reason", r.reason},
          {"output", r.taken ? ordered_json(o.adapt.output.string()) : ordered_json()},
          {"ranges", r.chosen},
          {"candidates", candidates},
          {"images", r.fitted},
          {"judged", r.judged},
          {"truth", r.labels ? "labels" : "float model"},
          {"before", r.before},
          {"after", r.after},
          {"gain_95", {r.gain.low, r.gain.high}}};
}

void print(const AdaptResult& r, const Options& o) {
  print_out("{} images gave the ranges; evaluated on {} others by {}\n", r.fitted, r.judged,
            r.labels ? "their labels" : "the boxes of the float model");
  print_out(
      "mAP50-95   as it is {:.4f}, ranges {} {:.4f}, gain {:.4f} (95 % of draws: {:.4f} to "
      "{:.4f})\n",
      r.before, r.chosen, r.after, r.after - r.before, r.gain.low, r.gain.high);
  if (r.taken)
    print_out("taken      {}\n", o.adapt.output.string());
  else
    print_out("not taken  {}; {} stays as it is\n", r.reason, o.adapt.model.string());
}

void run(Options& o) {
  install_stop_signals();
  if (o.adapt.images.empty() && o.adapt.data.empty())
    fail_usage("adapt: --images is needed, a folder of images of the site, or --data");
  if (!o.size.empty()) o.adapt.size = SizeOption::parse(o.size).size;
  say_if_overwritten(o.adapt.output);
  const AdaptResult result = adapt(o.adapt);
  o.json ? print_json(to_json(result, o)) : print(result, o);
}

}  // namespace

void add_adapt(CLI::App& root) {
  auto options = std::make_shared<Options>();
  Options& o = *options;
  AdaptOptions& a = o.adapt;
  a.output = "adapted.safetensors";
  CLI::App* verb = add_verb(root, "adapt");
  verb->add_option("--model", a.model, "The int8 model file.")->required()->type_name("FILE");
  verb->add_option("--float", a.float_model, "The float model that it was made of.")
      ->required()
      ->type_name("FILE");
  verb->add_option("--images", a.images,
                   "A folder of images of the site, which give the ranges. Without --data their "
                   "second half evaluates, by the boxes of the float model.")
      ->type_name("FOLDER");
  verb->add_option("--data", a.data,
                   "A data.yaml, whose val evaluates by its labels. Without --images its train "
                   "gives the ranges.")
      ->type_name("FILE");
  verb->add_option("-o,--output", a.output,
                   "The adapted model. It is written only where it is better by more than chance.")
      ->type_name("FILE")
      ->capture_default_str();
  verb->add_option("--imgsz", o.size, "Input: one side or WxH. Without it: the size of the model.")
      ->check(size_check());
  verb->add_option("--engine", a.engine,
                   fmt::format("Engine that computes the networks: auto, {}.",
                               fmt::join(engine_names(), ", ")))
      ->type_name("NAME")
      ->capture_default_str();
  verb->add_option("--threads", a.threads, "Threads of the engine. 0: one for each core.")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  verb->add_option("--count", a.count, "Images that ranges are measured on, at most.")
      ->check(CLI::Range(15, 100000))
      ->capture_default_str();
  verb->add_option("--tried", a.tried, "Of these, the images that each range is tried on.")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  add_json_option(*verb, o.json);
  verb->callback([options] { run(*options); });
}

}  // namespace octet
