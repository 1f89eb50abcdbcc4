// The candidates of a compression: short trainings of all, whole ones of the best, and int8.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compress/commands.h"
#include "compress/result.h"
#include "compress/schedule.h"
#include "compress/search.h"
#include "compress/stages.h"
#include "compress/wholes.h"
#include "eval/dataset/dataset.h"

namespace octet {

// A candidate after its short training.
struct Tried {
  const Whole* whole = nullptr;
  Candidate candidate;
  std::string folder;
  double score = 0;
  bool first = false;  // the first model as it is
  bool near = true;    // its time is near what is wanted
};

// A candidate in int8, after its whole training.
struct Taken {
  CompressedModel model;
  Candidate candidate;
  std::string given;  // the file that it was made of
};

[[nodiscard]] std::vector<Standing> standings(const std::vector<Tried>& tried);
// Of its short training.
[[nodiscard]] std::string folder_of(const Whole& whole, const Candidate& candidate);

class Trials {
 public:
  // All of them outlive it.
  struct Parts {
    const CompressOptions& options;
    const Dataset& validation;
    const StageCommands& commands;
    Stages& stages;
    Wholes& wholes;
    Schedule& schedule;
  };
  explicit Trials(const Parts& parts) : p_(parts) {}

  // Sets the file of a whole: best.safetensors of its training, or the file that was given where it
  // knows the classes.
  void train_whole(Whole& whole);
  // The first model in int8. Comes before take().
  CompressedModel finish_first();
  // Of the first model in float.
  [[nodiscard]] double float_accuracy();

  // All ways to an int8 time, each trained for a short time. Empty where none can reach it.
  [[nodiscard]] std::vector<Tried> try_all(double most_s);
  // The whole training of each finalist, and int8 of the best.
  [[nodiscard]] Taken take(const std::vector<Tried>& tried);

  // All but the first model as it is.
  [[nodiscard]] const std::vector<TriedCandidate>& list() const { return list_; }

 private:
  [[nodiscard]] const std::string& given(const Whole& whole) const;
  [[nodiscard]] std::string text_of(const Whole& whole, const Candidate& candidate) const;
  // Of a candidate at its input. `trained`: what the training of that name printed.
  [[nodiscard]] double score_of(const nlohmann::ordered_json& trained, const std::string& name,
                                Size size);
  [[nodiscard]] std::optional<Tried> try_one(const Whole& whole, const Candidate& candidate);
  void train_shortly(Tried& tried, const StageCommands::Training& training);
  [[nodiscard]] bool prune(Tried& tried, const StageCommands::Training& training);
  void note(const Tried& tried, double most_s);
  [[nodiscard]] double train_to_the_end(const Tried& tried);
  [[nodiscard]] CompressedModel finish_int8(const std::string& name, const std::string& file,
                                            Size size, double predicted_s);
  [[nodiscard]] double accuracy(const std::string& stage, const std::string& file, Size size);

  Parts p_;
  CompressedModel first_;
  std::vector<TriedCandidate> list_;
  std::map<std::string, size_t> places_;  // in the list, of each folder
};

}  // namespace octet
