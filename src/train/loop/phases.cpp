#include "train/loop/phases.h"

#include "train/loop/trainer.h"

namespace octet {
namespace {
// Of an image, where a validated one is 1: backward takes twice as long as forward.
constexpr double kTrainingWork = 4;
}  // namespace

std::vector<WorkPhase> training_phases(const TrainOptions& options, size_t images,
                                       size_t validated) {
  return {{.name = kTrainingPhase,
           .work = kTrainingWork * static_cast<double>(images),
           .times = options.epochs},
          {.name = kValidationPhase,
           .work = static_cast<double>(validated),
           .times = options.epochs + (options.already_trained && !options.resume ? 1 : 0)}};
}

}  // namespace octet
