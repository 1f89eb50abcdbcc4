// The models that candidates are made of: those given, with each activation that is faster in int8.
// They know the classes of the data, or are trained to. Also their int8 times.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compress/options.h"
#include "compress/plan.h"
#include "compress/stages.h"
#include "compress/work_plan.h"
#include "eval/dataset/dataset.h"
#include "model/model.h"

namespace octet {

struct Whole {
  size_t model = 0;        // of those given
  std::string activation;  // empty: its own; else as --activation has it
  Model planned;           // for its time: its weights may be those of other classes
  bool knows_classes = false;
  bool needed = false;    // a candidate, or a model that is, is made of it
  std::string file = {};  // once it is trained

  // Of stages.
  [[nodiscard]] std::string name() const;
  // The file that was given, as it is.
  [[nodiscard]] bool is_given() const { return activation.empty() && knows_classes; }
};

// Throws an Error that names the file whose model is int8, or has raw outputs.
[[nodiscard]] std::vector<Model> read_float_models(const std::vector<std::string>& files);

class Wholes {
 public:
  // `models`: as read_float_models() gives them. The first one is the first model as it is. The
  // other arguments outlive it. Throws an Error that names
  // the model which does not fit the data, or the first one where its time is not known.
  Wholes(const CompressOptions& options, const std::vector<Model>& models, const Dataset& data,
         Pricing& pricing, Stages& stages);

  [[nodiscard]] std::vector<Whole>& all() { return all_; }
  [[nodiscard]] const Whole& first() const { return all_.front(); }
  // The largest input, and the int8 time of the first at it in seconds. All times are usual ones, as
  // 'octet bench' tells them; pricing measures the fastest runs.
  [[nodiscard]] Size size() const { return size_; }
  [[nodiscard]] double base_s() const { return base_s_; }
  // The model of a whole with its own activation.
  [[nodiscard]] const Whole& same_of(const Whole& whole) const;
  // The least times that candidates may have: pruned as far as may be, and unpruned.
  [[nodiscard]] double least_s() { return least_s({.size = size_}); }
  [[nodiscard]] double least_unpruned_s() { return least_s({.size = size_, .most_pruning = 1}); }
  // All but the first are left out.
  void keep_first() { all_.resize(1); }

  [[nodiscard]] std::vector<Candidate> candidates_of(const Whole& whole, double most_s);
  // Whether a candidate is the first model as it is.
  [[nodiscard]] bool is_first(const Whole& whole, const Candidate& candidate) const {
    return &whole == &all_.front() && candidate.pruning == 1 && candidate.size == size_;
  }
  // Of training, whose images are squares of the longer side.
  [[nodiscard]] static double gflops_of(const Whole& whole, Size size);
  [[nodiscard]] TrainingWork work_of(const Whole& whole) const;
  [[nodiscard]] static TrainingWork work_of(const Whole& whole, const Candidate& candidate);
  // A whole with a candidate is needed, and so is the teacher of its activation.
  void mark_needed(const Whole& whole);

 private:
  void add(size_t index, Model model);
  [[nodiscard]] std::optional<double> time_of(const Whole& whole, Size size);
  [[nodiscard]] std::optional<double> fast_time_of(const Whole& whole, Size size);
  [[nodiscard]] double usual_factor();
  [[nodiscard]] double least_s(const PlanOptions& options);
  [[nodiscard]] std::optional<double> measured_or_predicted(const Whole& whole, Size size);

  const CompressOptions& o_;
  const Dataset& data_;
  Pricing& pricing_;
  Stages& stages_;
  Size size_;
  double base_s_ = 0, usual_ = 1;  // usual times as multiples of fast ones
  std::vector<Whole> all_;
  std::map<std::string, std::optional<double>> times_;  // fast ones
};

}  // namespace octet
