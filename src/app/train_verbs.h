// The verbs of octet-train, which octet lists and starts.
#pragma once

namespace octet {

struct TrainVerb {
  const char* name;
  const char* help;
};
inline constexpr TrainVerb kTrainVerb{"train", "fine-tune a model on your own data"};
inline constexpr TrainVerb kQuantizeVerb{"quantize", "turn a float model into an int8 model"};
inline constexpr TrainVerb kTrainVerbs[] = {kTrainVerb, kQuantizeVerb};

}  // namespace octet
