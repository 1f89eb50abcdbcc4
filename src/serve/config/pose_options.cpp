#include "serve/config/option_groups.h"

namespace octet {
namespace {

using C = LiveConfig;

}  // namespace

std::vector<LiveOption> pose_options() {
  using enum TakesEffect;
  return {
      {text_option<C>(
           {.key = "pose",
            .flag = "--pose",
            .help = "Network that finds the keypoints of one person, as 'octet import' writes it, "
                    "or an export of it. It looks at each person that the model finds."},
           [](auto& c) -> auto& { return c.pose; }),
       kNewModel, Needs::kWatch},
      {number_option<C>(
           {.key = "max-people",
            .flag = "--max-people",
            .help = "People of a frame who get keypoints, the largest first.",
            .range = {1, 1000}},
           [](auto& c) -> auto& { return c.watch.people.most; }),
       kNextCamera, Needs::kWatch},
      {number_option<C>(
           {.key = "pose-budget",
            .flag = "--pose-budget",
            .help = "Milliseconds of a frame for keypoints. People take turns under it. 0: no "
                    "limit.",
            .range = {0, 3.6e6}},
           [](auto& c) -> auto& { return c.watch.people.budget_ms; }),
       kNextCamera, Needs::kWatch},
      {flag_option<C>(
           {.key = "pose-smooth",
            .flag = "--pose-smooth",
            .help = "Smooth the keypoints of each person from frame to frame."},
           [](auto& c) -> auto& { return c.watch.people.smooth; }),
       kNextCamera, Needs::kWatch},
  };
}

}  // namespace octet
