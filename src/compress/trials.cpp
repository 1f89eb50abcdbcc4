#include "compress/trials.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "compress/judge.h"
#include "core/log.h"

namespace octet {
namespace {
using nlohmann::ordered_json;

// Of the time that is wanted. A time was measured in a few seconds, so a finalist may look slower
// than it is; whether the target is met is decided at the end.
constexpr double kNearEnough = 1.05;

std::string final_of(const Tried& tried) {
  return "final" + tried.folder.substr(std::string("try").size());
}

}  // namespace

std::vector<Standing> standings(const std::vector<Tried>& tried) {
  std::vector<Standing> list;
  for (const Tried& t : tried)
    list.push_back(
        {.pruned = t.candidate.pruning > 1, .first = t.first, .near = t.near, .score = t.score});
  return list;
}

std::string folder_of(const Whole& whole, const Candidate& candidate) {
  return fmt::format("try-{}-{}", whole.model + 1, candidate.name());
}

const std::string& Trials::given(const Whole& whole) const {
  return p_.options.models[whole.model];
}

// For the log. Names the model where there are several.
std::string Trials::text_of(const Whole& whole, const Candidate& candidate) const {
  return (p_.options.models.size() > 1 ? given(whole) + ", " : "") + candidate.text();
}

// 'octet train' evaluates squares.
double Trials::score_of(const ordered_json& trained, const std::string& name, Size size) {
  if (size.width != size.height)
    return accuracy(name + "-float-accuracy", p_.commands.path(name) + "/best.safetensors", size);
  return trained.at(p_.validation.keypoints > 0 ? "pose_map50_95" : "map50_95");
}

void Trials::train_whole(Whole& whole) {
  if (whole.is_given()) {
    whole.file = given(whole);
    return;
  }
  const bool own = whole.activation.empty();
  const std::string& same = p_.wholes.same_of(whole).file;
  std::vector<std::string> more;
  if (!own) more = {"--activation", whole.activation, "--teacher", same};
  const std::string name = "trained-" + whole.name();
  const ordered_json j = p_.stages.run(
      p_.commands.train({.name = name,
                         .title = fmt::format("training of {} {}", given(whole),
                                              own ? "on the data" : "with " + whole.activation),
                         .model = own ? given(whole) : same,
                         .epochs = p_.schedule.epochs(),
                         .size = p_.wholes.size()},
                        more));
  whole.file = p_.commands.path(name) + "/best.safetensors";
  p_.schedule.learn(
      {.work = p_.wholes.work_of(whole), .epochs = j.at("epochs"), .seconds = j.at("seconds")});
}

std::vector<Tried> Trials::try_all(double most_s) {
  std::vector<Tried> all;
  for (const Whole& whole : p_.wholes.all()) {
    if (!whole.needed) continue;
    for (const Candidate& candidate : p_.wholes.candidates_of(whole, most_s)) {
      std::optional<Tried> tried = try_one(whole, candidate);
      if (!tried) continue;
      tried->near = tried->candidate.predicted_s <= kNearEnough * most_s;
      note(*tried, most_s);
      all.push_back(std::move(*tried));
    }
  }
  return all;
}

void Trials::note(const Tried& tried, double most_s) {
  if (!tried.first && places_.emplace(tried.folder, list_.size()).second)
    list_.push_back(
        {.model = given(*tried.whole), .candidate = tried.candidate, .map50_95 = tried.score});
  const std::string text = text_of(*tried.whole, tried.candidate);
  log_info("{}: mAP50-95 {:.4f}{}", text, tried.score,
           tried.first ? "" : " after a short training");
  if (!tried.near)
    log_warning("{}: needs {:.2f} ms, and {:.2f} ms are wanted", text,
                1e3 * tried.candidate.predicted_s, 1e3 * most_s);
}

// Nothing where pruning cannot reach the time.
std::optional<Tried> Trials::try_one(const Whole& whole, const Candidate& candidate) {
  Tried tried{.whole = &whole,
              .candidate = candidate,
              .folder = folder_of(whole, candidate),
              .first = p_.wholes.is_first(whole, candidate)};
  if (tried.first) {
    tried.score = float_accuracy();
    return tried;
  }
  const StageCommands::Training training{
      .name = tried.folder,
      .title = fmt::format("short training: {}", text_of(whole, candidate)),
      .model = whole.file,
      .epochs = p_.schedule.short_epochs(),
      .size = candidate.size};
  if (candidate.pruning == 1) {
    train_shortly(tried, training);
  } else if (!prune(tried, training)) {
    return std::nullopt;
  }
  return tried;
}

void Trials::train_shortly(Tried& tried, const StageCommands::Training& training) {
  const Whole& whole = *tried.whole;
  const ordered_json j =
      p_.stages.run(p_.commands.train(training, {"--teacher", whole.file, "--mosaic", "0"}));
  tried.score = score_of(j, tried.folder, tried.candidate.size);
  p_.schedule.learn({.work = p_.wholes.work_of(whole, tried.candidate),
                     .epochs = j.at("epochs"),
                     .seconds = j.at("seconds"),
                     .candidate = true});
}

// False where the time cannot be reached.
bool Trials::prune(Tried& tried, const StageCommands::Training& training) {
  Candidate& candidate = tried.candidate;
  const ordered_json j = p_.stages.run(p_.commands.prune(training, candidate.pruning));
  if (j.contains("failed")) return false;
  tried.score = j.at("after").at("map50_95");
  p_.schedule.learn({.work = p_.wholes.work_of(*tried.whole, candidate),
                     .epochs = training.epochs,
                     .seconds = j.at("seconds"),
                     .candidate = true,
                     .pruned = true});
  // As a share: the whole model was measured in turn with it, and the machine may have been busy.
  const double share = j.at("after").at("ms").get<double>() / j.at("before").at("ms").get<double>();
  candidate.predicted_s = share * candidate.pruning * candidate.predicted_s;
  return true;
}

Taken Trials::take(const std::vector<Tried>& tried) {
  const Tried* best = nullptr;
  double most = 0;
  for (const size_t at : finalists(standings(tried))) {
    const double score = train_to_the_end(tried[at]);
    if (best != nullptr && score <= most) continue;
    best = &tried[at];
    most = score;
  }
  const std::string name = final_of(*best);
  return {.model = best->first ? first_
                               : finish_int8(name, p_.commands.path(name) + "/best.safetensors",
                                             best->candidate.size, best->candidate.predicted_s),
          .candidate = best->candidate,
          .given = given(*best->whole)};
}

double Trials::train_to_the_end(const Tried& tried) {
  if (tried.first) return tried.score;
  const std::string text = text_of(*tried.whole, tried.candidate);
  const ordered_json j = p_.stages.run(
      p_.commands.train({.name = final_of(tried),
                         .title = fmt::format("training: {}", text),
                         .model = p_.commands.path(tried.folder) + "/best.safetensors",
                         .epochs = p_.schedule.epochs(),
                         .size = tried.candidate.size},
                        {"--teacher", p_.wholes.same_of(*tried.whole).file, "--mosaic", "0"}));
  const double score = score_of(j, final_of(tried), tried.candidate.size);
  log_info("{}: mAP50-95 {:.4f} after the whole training", text, score);
  list_[places_.at(tried.folder)].whole_map50_95 = score;
  return score;
}

CompressedModel Trials::finish_first() {
  first_ = finish_int8("whole", p_.wholes.first().file, p_.wholes.size(), p_.wholes.base_s());
  return first_;
}

CompressedModel Trials::finish_int8(const std::string& name, const std::string& file, Size size,
                                    double predicted_s) {
  const std::string output = p_.commands.path(name + "-int8.safetensors");
  (void)p_.stages.run(p_.commands.quantize(name, file, size, output));
  const double map50_95 = accuracy(name + "-accuracy", output, size);
  return {.file = output, .size = size, .map50_95 = map50_95, .predicted_s = predicted_s};
}

double Trials::accuracy(const std::string& stage, const std::string& file, Size size) {
  return p_.stages
      .keep(stage,
            [&] {
              const auto map = judge(file, size, p_.validation);
              return ordered_json{{"map50_95", map.main().summary().map50_95}};
            })
      .at("map50_95");
}

double Trials::float_accuracy() {
  return accuracy("whole-float-accuracy", p_.wholes.first().file, p_.wholes.size());
}

}  // namespace octet
